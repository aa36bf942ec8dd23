// Sentences of the mitigator, its drivers and enforcers, in Japanese. They are stored as they were said (in
// the audit, in a cut's history), in English; here each is recognised by its form. `{}` is whatever stands
// there; in the translation {1} is that piece as it is, {1:sentence} translated in its turn, {1:level} a word
// of the kind. tests/lint/sentences.py holds the forms against the programs' sources, both ways.
import { currentLanguage, sayWith, word } from '../toolkit/i18n';
import { threatName } from './threats';

const forms: [string, string][] = [
  // pieces
  ['configured', '設定'],
  ['configured: {}', '設定: {1}'],
  ['own', '自システム'],
  ['own: {}', '自システム: {1}'],
  ['learnt: learnt from {}', '{1} から学習'],
  // quarantine/guard.c
  ['no address that belongs to one host is known', '1 台のホストだけのアドレスが分かりません'],
  ['protected as {} ({})', '{1:use} として保護されています({2:sentence})'],
  ['protected now as {} ({})', '{1:use} として保護対象になりました({2:sentence})'],
  ["its MAC was never seen with an address and could be that of the protected {}: order it by its address, or write that {}'s MAC into the protected list",
    'この MAC はアドレスとともに観測されたことがなく、保護対象({1:use})のものかもしれません。アドレスで指示するか、保護対象の一覧にその MAC を書いてください'],
  ['a never-block exception covers the host', '「遮断しない」例外の対象です'],
  ['perhaps a {} ({}), which a person must decide', '{1:use} の可能性があるため({2:sentence})、担当者の判断が必要です'],
  ['the kill switch stands', '緊急停止中です'],
  ['the host is not of a monitored network', '監視対象のネットワークのホストではありません'],
  ['{} addresses were seen behind its MAC (more than {}: a router or a forger)', '1 つの MAC に {1} 個のアドレスが見えています({2} 個を超過。ルーターまたは偽装)'],
  ['no completed handshake and no learnt MAC/IP/port binding: the source could be forged',
    '接続の確立も、学習済みの MAC・IP・ポートの対応もありません。送信元の偽装の可能性があります'],
  ['its MAC was never seen with an address and could be that of the protected {}, whose MAC is not known',
    'この MAC はアドレスとともに観測されたことがなく、MAC が不明な保護対象({1:use})のものかもしれません'],
  ['the threat hit {} hosts within {} s (more than {})', '{2} 秒以内に {1} 台が同じ脅威に該当しました({3} 台を超過)'],
  ['the fuse: {} hosts were cut within {} s (at most {})', '遮断数の上限: {2} 秒以内に {1} 台を遮断済みです(最大 {3} 台)'],
  ["the fuse: {} of the segment's {} hosts are cut (at most {} %)", '遮断割合の上限: セグメントの {2} 台中 {1} 台を遮断済みです(最大 {3} %)'],
  ['the port is not known', '接続先のポートが分かりません'],
  ['port {} is an uplink, which is never cut', 'ポート {1} はアップリンクのため遮断しません'],
  ['an IP phone is at port {}: it would be cut with the host', 'ポート {1} に IP 電話があり、ともに遮断されてしまいます'],
  ['somebody who is protected is behind port {}', 'ポート {1} の先に保護対象があります'],
  ['{} hosts are behind port {}: all of them would be cut with the one', 'ポート {2} の先に {1} 台あり、すべて遮断されてしまいます'],
  // remote.c, recover.c: orders from the centre
  ['this mitigator does not know "{}"', 'このミティゲーターは「{1}」に対応していません'],
  ['the order is no longer good, or a clock is off', '指示の有効期限が切れているか、時計がずれています'],
  ['the order names no person', '指示に担当者の名前がありません'],
  ['the mandate on this machine does not let {} do this from the centre ({}: {})', '拠点の委任では、監視センターからのこの操作が許可されていません({2}: {3})'],
  ['the mandate on this machine lets no file of type "{}" leave (file-types)', '拠点の委任では、種類「{1}」のファイルの持ち出しが許可されていません(file-types)'],
  ['"{}" has no open incident here', '「{1}」に対応中のインシデントがありません'],
  ['the incident of "{}" has no sample task that waits: its recovery begins first (banken recovery start)', '「{1}」のインシデントに採取の作業がありません。先に復旧を開始してください(banken recovery start)'],
  ["no playbook is configured (key 'playbook')", '復旧手順が設定されていません(キー playbook)'],
  // sensor/evidence.c
  ['this sensor keeps no packets', 'このセンサーはパケットを保存していません'],
  ['no packets were kept for this alert', 'この検知のパケットは保存されていません'],
  ['its packets were kept, and went for want of room', 'パケットは保存されましたが、容量不足のため失われました'],
  ['the evidence was changed on the sensor: banken evidence verify', 'センサー上で証拠が改変されています(banken evidence verify で確認)'],
  ['the piece has more than {} MB', 'パケットが {1} MB を超えています'],
  ['this sensor gives packets to nobody', 'このセンサーはパケットを外部に渡しません(evidence.give)'],
  ["this sensor gives packets to the customer's people only", 'このセンサーは顧客の担当者にだけパケットを渡します(evidence.give)'],
  ['no such alert of this sensor', 'このセンサーにその検知はありません'],
  // quarantine/verify.c
  ['{} answered after the acknowledgement ({} answers, {} sessions, seen by {})', '遮断の確認後に {1} が応答しました(応答 {2} 件、セッション {3} 件、観測 {4})'],
  ['the host tried ({} frames seen, {} dropped) and nobody answered', 'ホストは通信を試み(観測 {1} フレーム、破棄 {2})、応答はありませんでした'],
  ['unproven: the host has not tried since it was cut', '未実証: 遮断後、ホストは通信を試みていません'],
  ['unproven: no sensor can watch the host{}', '未実証: このホストを観測できるセンサーがありません{1}'],
  // quarantine/cut.c, cut_time.c
  ['{} hosts are cut or held, no more fit', '{1} 台が遮断中または保留中で、これ以上扱えません'],
  ['the clock was set: its end is told anew', '時計が変更されたため、終了時刻を改めて伝えました'],
  ['an earlier method confirmed late', '前の手段から遅れて確認がありました'],
  ['the method no longer held the cut', '手段の側で遮断が失われていました'],
  ['no answer yet', 'まだ応答がありません'],
  ['no acknowledgement came in time', '時間内に確認がありませんでした'],
  ['nothing held it', '遮断しているものはありませんでした'],
  ['its release is not confirmed: it may still be cut', '解除が確認できません。まだ遮断されている可能性があります'],
  ['the message had its time', '利用者への通知の時間を置きました'],
  ['no channel to the user is configured', '利用者への通知手段が設定されていません'],
  ['the ladder is tried again', '手段を最初からやり直します'],
  ['nobody decided in time', '時間内に判断がありませんでした'],
  ['the end given to it is reached', '指定された終了時刻になりました'],
  ['a person must look at it: review date', '見直し日です。担当者の確認が必要です'],
  // request.c, decide.c, safety.c
  ['mode {}: would have been cut', '動作モード「{1:mode}」: 自動遮断なら遮断していました'],
  ['mode {}: a person decides', '動作モード「{1:mode}」: 担当者が判断します'],
  ['{} (rule {}, seen by {})', '{1:threat}(ルール {2}、観測 {3})'],
  ['its source is proven now by a completed handshake', '接続の確立により送信元が確認されました'],
  ['its source is proven now: the switch confirms MAC, address and port', 'スイッチの MAC・アドレス・ポートにより送信元が確認されました'],
  ['a threat was detected too', '脅威も検知されました'],
  ['"{}" is no host that was seen, no address and no MAC', '「{1}」は観測されたホスト、アドレス、MAC のいずれでもありません'],
  ['not cut: no driver is configured', '遮断できません: ドライバーが設定されていません'],
  ['not cut: the mode is {}', '遮断できません: 動作モードが「{1:mode}」です'],
  ['not cut: {}', '遮断できません: {1:sentence}'],
  ['no sensor has seen a host "{}" (a person may order it by its address)', '「{1}」はどのセンサーも観測していません(担当者はアドレスで指示できます)'],
  ['no sensor has seen a host "{}"', '「{1}」はどのセンサーも観測していません'],
  ['its release is under way; order it again then', '解除の途中です。解除後に改めて指示してください'],
  ['it was not cut by such an order ({}): a person releases it', 'この指示による遮断ではありません({1})。担当者が解除します'],
  ['the vendor did not order it: a person releases it', 'ベンダーの指示による遮断ではありません。担当者が解除します'],
  ['"{}" is not cut', '「{1}」は遮断されていません'],
  ['"{}" is no host that was seen', '「{1}」というホストは観測されていません'],
  ['{} said yes already: a second person must, too (scope {})', '{1} さんは承認済みです。別の方の承認が必要です(範囲 {2})'],
  ['"{}" waits for no answer', '「{1}」は回答待ちではありません'],
  ['learnt from {}', '{1} から学習'],
  ['{}: judged {}, {} times in a row', '{1}: 判定「{2:level}」{3} 回連続'],
  ['judged {}, {} times in a row', '判定「{1:level}」{2} 回連続'],
  ['judged safe: permit', '判定「安全」により許可'],
  ['ordered by {}', '{1} の指示'],
  ['no reason given', '理由の記載なし'],
  ['found cut on the switch without a record: adopted', '記録のない遮断がスイッチ上で見つかり、管理下に置きました'],
  ['taken back', '取り消しました'],
  ['restored from a list', '一覧から復旧しました'],
  ['within the mandate', '委任の範囲内です'],
  ['the mandate does not hold any more', '委任の効力がなくなりました'],
  ['people here have stopped all cuts', 'この拠点の担当者がすべての遮断を停止しています'],
  ['Noted: a second person must approve it, too.', '承認を記録しました。もう 1 名の承認が必要です。'],
  ['no {} was ever connected', '{1:peer} が一度も接続されていません'],
  ['its helper does not keep up', '補助プロセスの処理が追いついていません'],
  ['The policy that was edited at the pages is in force, not the file: banken policy file goes back to it.',
    '画面で編集したポリシーが有効で、ファイルは使われていません。banken policy file で戻せます。'],
  // policy/lint.c
  ['policy {}: same-or-higher carries the count into the next level: with count {} at {} and {} at {} the intended action can be missed',
    'ポリシー {1}: 「同等以上」では回数が次の危険度に引き継がれるため、{3:level} {2} 回・{5:level} {4} 回では意図した操作が行われないことがあります'],
  ['policy {}: same-or-higher carries the first day into the next level: with days {} at {} and {} at {} the intended action can be missed',
    'ポリシー {1}: 「同等以上」では初日が次の危険度に引き継がれるため、{3:level} {2} 日・{5:level} {4} 日では意図した操作が行われないことがあります'],
  ['policy {}: deny is used, but no permit at safe: a policy cut ends only when a person releases it',
    'ポリシー {1}: 「通信拒否」がありますが「安全」での「通信許可」がありません。ポリシーによる遮断は担当者が解除するまで続きます'],
  ['policy {}: at {} the network is both permitted and cut', 'ポリシー {1}: {2:level} で通信の許可と遮断が両方あります'],
  ['policy {}: safe hosts are cut', 'ポリシー {1}: 安全なホストが遮断されます'],
  ['policy {}: at {} the message comes after the host is cut', 'ポリシー {1}: {2:level} で利用者への通知が遮断より後になります'],
  ['policy {}: at {} {} is there twice, and one of the two never makes a difference', 'ポリシー {1}: {2:level} に「{3:action}」が 2 つあり、一方は効果がありません'],
  ['policy {}: no alert ever gives the level {}: its actions never come', 'ポリシー {1}: {2:level} になる検知がないため、その操作は行われません'],
  ['policy {}: {} is never done: no scope with this policy is in mode approve or automatic',
    'ポリシー {1}: 「{2:action}」は行われません。このポリシーの範囲に「承認」「自動遮断」の動作モードがありません'],
  ['policy {}: count {} at {} takes more than a year to be reached', 'ポリシー {1}: {3:level} の {2} 回に達するには 1 年以上かかります'],
  ['policy {}: no scope uses it', 'ポリシー {1}: 使っている範囲がありません'],
  ['scope {} takes every address: scope {} never applies', '範囲 {1} がすべてのアドレスを含むため、範囲 {2} は適用されません'],
  ['scope {} takes all of scope {}, which never applies', '範囲 {1} が範囲 {2} をすべて含むため、範囲 {2} は適用されません'],
  ['hosts may be cut, but the protected list is empty: name at least gateway and DNS', '遮断が行われますが、保護対象が空です。少なくともゲートウェイと DNS を登録してください'],
  ['no levels: no alert ever counts', 'levels がないため、どの検知も判定に使われません'],
  ['fuse-hosts is 0: every automatic cut waits for a person', 'fuse-hosts が 0 のため、自動遮断はすべて承認待ちになります'],
  ['fuse-share 100 and fuse-hosts {}: a false pattern can cut everybody', 'fuse-share 100・fuse-hosts {1} では、誤ったパターンで全台が遮断されるおそれがあります'],
  ['exception {} ({}) covers everything', '例外 {1}({2})はすべてに該当します'],
  ['exception {} ({}) never ends: nobody will look at it again', '例外 {1}({2})には期限がなく、見直されません'],
  // edit.c, change.c
  ['the policy that {} put in force at the pages is not understood ({}): banken policy file goes back to the file',
    '{1} が画面で適用したポリシーを解釈できません({2})。「banken policy file」でファイルのポリシーに戻せます'],
  ['somebody else changed the policy meanwhile: look at it as it is now', 'その間に他の方がポリシーを変更しました。現在の内容を確認してください'],
  ['what is said against it must be accepted first ("accept"): {}', '指摘事項の承認が必要です: {1:sentence}'],
  ['there is no exception {} made here; those of the policy file are taken out there', '例外 {1} はここで作られたものではありません。ポリシーファイルの例外はファイルで削除してください'],
  ['name a rule, a source or a destination: it would cover all', 'ルール、送信元、宛先のいずれかを指定してください。すべてに該当してしまいます'],
  ['"until" is over already', '終了日時が過去です'],
  ['the policy has no scope "{}"', 'ポリシーに範囲「{1}」はありません'],
  // drivers
  ['{} flows on {}, whole port {}', '{2} にフロー {1} 件、ポート {3} 全体'],
  ['{} flows on {}', '{2} にフロー {1} 件'],
  ['no flow of the cut is left on {}', '{1} にこの遮断のフローは残っていません'],
  ['flows still stand after the release', '解除後もフローが残っています'],
  ['the host has no address to cut', '遮断すべきアドレスがありません'],
  ['port {} of {}: VLAN {}, it was {}', '{2} のポート {1}: VLAN {4} から {3} に変更'],
  ['port {} of {} is down', '{2} のポート {1} を停止'],
  ['as before:{}', '元の状態に戻しました:{1}'],
  ['nothing of the cut is held{}', 'この遮断に関するものは残っていません{1}'],
  ['no device knows behind which port {} is', '{1} の接続ポートがどの装置にも見つかりません'],
  ['{} is only behind uplinks of the devices: its own switch is not among them, or its port is an uplink, which is never cut',
    '{1} は装置のアップリンクの先にしか見えません。接続先のスイッチが対象外か、遮断しないアップリンクです'],
  ['the device said yes, and port {} is still in VLAN {}, not in {}', '装置は受理しましたが、ポート {1} は VLAN {3} でなく {2} のままです'],
  ['the device said yes, and port {} is still {}', '装置は受理しましたが、ポート {1} は {2} のままです'],
  ['{} ended the session of {}: {}', '{1} が {2} のセッションを切断しました: {3:sentence}'],
  ['{} moved the session of {}: {}', '{1} が {2} のセッションを移動しました: {3:sentence}'],
  ['{} takes the link down for {}: {}', '{1} が {2} のリンクを一時停止します: {3:sentence}'],
  ['no VLAN', 'VLAN なし'],
  ['{} is back in VLAN {}', '{1} は VLAN {2} に戻りました'],
  ['{} is off the list', '{1} を一覧から外しました'],
  ['{} is off the list and authenticates anew', '{1} を一覧から外し、再認証します'],
  ['nothing listens on this port', 'このポートで待ち受けているものがありません'],
  ['dropped by nftables', 'nftables で破棄しています'],
  ['its lease is over', '期限が終了しました'],
  ['{} is protected here', '{1} はここで保護されています'],
  ['{} hosts are cut here, no more fit', 'ここでは {1} 台を遮断中で、これ以上扱えません'],
  // links and disks
  ['not tried yet', 'まだ接続を試みていません'],
  ['{} cannot be reached: {}', '{1} に接続できません: {2}'],
  ['the same name connected again', '同じ名前で再接続されました'],
  ['{}: not connected: {}', '{1}: 未接続: {2:sentence}'],
  ['{}: its clock and ours differ by {} ms: set up NTP', '{1}: 時計が {2} ミリ秒ずれています。NTP を設定してください'],
  ['banken-dataplane was not started (no statistics in {})', 'banken-dataplane が起動していません({1} に統計がありません)'],
  ['banken-dataplane gives no sign of life for more than {} s', 'banken-dataplane が {1} 秒以上応答していません'],
  ["{} records were lost since the last report: control does not keep up with the dataplane's rings", '前回の報告以降 {1} 件の記録が失われました。処理がデータプレーンに追いついていません'],
  ["our certificate ends in {} days: see that the centre is reached, or enrol anew with 'banken enrol'", '証明書の期限まで {1} 日です。センターに接続できるようにするか、banken enrol で登録し直してください'],
  ['the disk of {} is full: no room could be kept for what matters; free space there', '{1} のディスクがいっぱいで、重要な記録のための空きを確保できません。空き容量を増やしてください'],
];

/** "port {} is" as a pattern of the whole sentence, its pieces as groups. */
const pattern = (form: string): RegExp =>
  new RegExp('^' + form.split('{}').map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.*?)') + '$', 's');

let compiled: [RegExp, string][] | undefined;

/** Kinds that are no words of the catalogues. */
function piece(text: string, kind: string | undefined): string {
  if (!kind) return text;
  if (kind === 'threat') return threatName(text);
  return kind === 'sentence' ? sentence(text) : word(kind, text);
}

/** In the reader's language; a sentence of a form that is not known stays as it is. */
export function sentence(text: string): string {
  if (currentLanguage() !== 'ja' || !text) return text;
  compiled ??= forms.map(([form, ja]) => [pattern(form), ja]);
  for (const [form, ja] of compiled) {
    const found = form.exec(text);
    if (found) return ja.replace(/\{(\d)(?::(\w+))?\}/g, (_, n: string, kind?: string) => piece(found[Number(n)] ?? '', kind));
  }
  return text;
}

// Refusals of the API, too.
sayWith(sentence);
