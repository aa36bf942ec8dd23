// Names of what Banken's own detection finds, in Japanese: they come as the detection is called in
// English. Rules of others keep the name that their authors gave them.
import { currentLanguage } from '../toolkit/i18n';

const ja: Record<string, string> = {
  'BANKEN address claimed by two hosts': '2 台のホストが同じアドレスを使用',
  'BANKEN another host told to shut down': '他のホストへのシャットダウン指示',
  'BANKEN burst of look-ups of domains that do not exist': '存在しないドメインの大量問い合わせ',
  'BANKEN coin mining or coin network': '暗号資産の採掘・ネットワークへの接続',
  'BANKEN contact with a domain whose name is made up': '自動生成されたドメインへの接続',
  'BANKEN conversation that looks like random numbers': '乱数のような内容の通信',
  'BANKEN data carried in DNS names': 'DNS の名前によるデータ送信',
  'BANKEN data carried in ICMP echoes': 'ICMP によるデータ送信',
  'BANKEN data carried slowly in DNS names': 'DNS の名前による低速のデータ送信',
  'BANKEN directory secrets replicated by a host that is no domain controller (DCSync)': 'ドメインコントローラー以外によるディレクトリの複製 (DCSync)',
  "BANKEN domain's backup keys asked for": 'ドメインのバックアップ鍵の要求',
  'BANKEN download that led to the next download': '連鎖するダウンロード',
  'BANKEN endpoint mapper read entry by entry': 'RPC エンドポイントの列挙',
  'BANKEN event log cleared on another host': '他のホストのイベントログ消去',
  'BANKEN file sharing with strangers': '外部とのファイル共有',
  'BANKEN file type contradicts its name': '名前と異なる種類のファイル',
  'BANKEN guessing of account names': 'アカウント名の推測',
  'BANKEN guessing of passwords': 'パスワードの総当たり',
  'BANKEN host made to log in elsewhere (coerced authentication)': '認証の強要',
  'BANKEN host makes itself a domain controller (DCShadow)': 'ドメインコントローラーへのなりすまし (DCShadow)',
  'BANKEN mail server that nobody registered': '未登録のメールサーバー',
  "BANKEN many inside hosts called outside of the host's hours": '時間外の多数の内部ホストへの接続',
  'BANKEN many short sessions of a login service': 'ログインサービスへの多数の短い接続',
  'BANKEN new and rare destination of a host of few': '新しくまれな宛先への接続',
  'BANKEN one DNS question answered twice and differently': '1 つの DNS 問い合わせへの異なる二重応答',
  'BANKEN one host answers for the names of others': '他のホストの名前への応答',
  'BANKEN one password tried on many accounts': '多数のアカウントへの同一パスワードの試行',
  'BANKEN password sent in the clear': 'パスワードの平文送信',
  'BANKEN printer driver put on another host': '他のホストへのプリンタードライバー設置',
  'BANKEN program put on an administrative share': '管理共有へのプログラム設置',
  'BANKEN program started on another host by WMI': 'WMI による他のホストでのプログラム実行',
  'BANKEN protocol on a foreign port': '通常と異なるポートでのプロトコル使用',
  "BANKEN proxy asked to connect to a port that is not the web's": 'プロキシへの Web 以外のポートの接続要求',
  'BANKEN proxy that nobody registered': '未登録のプロキシ',
  'BANKEN registry changed on another host': '他のホストのレジストリ変更',
  'BANKEN registry hive saved on another host': '他のホストのレジストリ取得',
  'BANKEN regular calls home': '外部への定期的な通信',
  'BANKEN regular calls hours apart to a rare place': 'まれな宛先への数時間おきの定期的な通信',
  'BANKEN regular calls to one server': '1 つのサーバーへの定期的な通信',
  'BANKEN remote control from outside': '外部からの遠隔操作',
  'BANKEN remote login on a port of another service': '他のサービスのポートでの遠隔ログイン',
  'BANKEN remote management of another host (WinRM)': '他のホストの遠隔管理 (WinRM)',
  'BANKEN resolver answers for names that do not exist': '存在しない名前への DNS 応答',
  'BANKEN router advertisements of a stranger': '未知の機器からのルーター広告',
  'BANKEN scan of many ports of one host': '1 台のホストへのポートスキャン',
  'BANKEN scan of one service over many hosts': '多数のホストへの同一サービスのスキャン',
  'BANKEN scan with impossible TCP flags': '不正な TCP フラグによるスキャン',
  'BANKEN search of a web server for weak spots': 'Web サーバーの弱点探索',
  'BANKEN second DHCP server in one network': '同一ネットワークの 2 台目の DHCP サーバー',
  'BANKEN service made or started on another host': '他のホストでのサービスの作成・起動',
  'BANKEN service tickets collected for cracking': '解読目的のサービスチケット収集',
  'BANKEN shares, sessions or accounts of another host listed': '他のホストの共有・セッション・アカウントの列挙',
  'BANKEN slow scan of inside hosts': '内部ホストへの低速スキャン',
  'BANKEN spread of a service from host to host': 'ホスト間でのサービスの拡散',
  'BANKEN sweep for hosts by ARP or neighbour discovery': 'ARP・近隣探索によるホスト探索',
  'BANKEN sweep for hosts by ICMP': 'ICMP によるホスト探索',
  'BANKEN sweep of a network': 'ネットワークの探索',
  'BANKEN task scheduled on another host': '他のホストでのタスク登録',
  'BANKEN unknown protocol on a well-known port': '既知のポートでの未知のプロトコル',
  'BANKEN upload out of proportion': '過大なアップロード',
  "BANKEN upload outside of the host's hours": '時間外のアップロード',
  // the demonstration's
  'BANKEN DNS tunnel': 'DNS トンネル',
  'BANKEN many failed log-ins': '多数のログイン失敗',
  'Infected by a document, calls home': '文書による感染・外部との通信',
  'Passwords tried from outside, then a sweep': '外部からのパスワード試行と内部探索',
  'Data leaves by DNS': 'DNS によるデータ流出',
};

/** In the reader's language. */
export const threatName = (name: string): string => (currentLanguage() === 'ja' && ja[name]) || name;

/** A sentence that ends in a threat's name. */
export function withThreat(sentence: string): string {
  const at = sentence.lastIndexOf(': ');
  return at < 0 ? sentence : sentence.slice(0, at + 2) + threatName(sentence.slice(at + 2));
}
