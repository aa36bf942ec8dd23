// What each site lets the vendor cut, and its own people do from here (Q13): the customer's own to set.
import { useState } from 'preact/hooks';
import { ADMIN, part, send, type Session } from '../toolkit/api';
import { t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Ask, At, Badge, Card, Choice, Empty, Facts, Page, Shown, TextField } from '../toolkit/ui';
import { may } from '../parts/words';
import type { Mandate } from './data';
import { Orders } from './orders';
import { customerName, isMixed, isVendor, scoped } from './scope';
import { tell } from './shared';

const listOf = (text: string): string[] => text.split(/[\s,;]+/).map((x) => x.trim()).filter(Boolean);
const linesOf = (text: string): string[] => text.split(/[,;\n]+/).map((x) => x.trim()).filter(Boolean);

function Edit({ m, again }: { m: Mandate; again: () => void }) {
  const now = m.mandate ?? {};
  const [on, setOn] = useState(now.vendor ? 'yes' : 'no');
  const [networks, setNetworks] = useState((now.networks ?? []).join(', '));
  const [hours, setHours] = useState((now.hours ?? []).join(', '));
  const [level, setLevel] = useState(now.level ?? 'danger');
  const [most, setMost] = useState(String(now.most ?? 3));
  const [minutes, setMinutes] = useState(String(now.minutes ?? 240));
  const [approval, setApproval] = useState(now.approval ? 'yes' : 'no');
  const [until, setUntil] = useState(now.until ?? '');
  const act = (reason: string) => send('PUT', `mandates/${part(m.site)}`, {
    vendor: on === 'yes', networks: listOf(networks), hosts: now.hosts ?? [], hours: linesOf(hours), level, most: Number(most), minutes: Number(minutes),
    approval: approval === 'yes', until, reason,
  });
  const yesNo: [string, string][] = [['yes', t('yes')], ['no', t('no')]];
  return (
    <Ask button={t('change')} title={t('mandate-of', { site: m.site })} confirm={t('keep')} onDo={act}
      done={(answer) => {
        tell('mandate-kept', m.site, answer);
        again();
      }}>
      <p>{t('mandate-about')}</p>
      <div class="grid-form">
        <Choice label={t('mandate.vendor')} value={on} onValue={setOn} options={yesNo} />
        <Choice label={t('mandate.approval')} value={approval} onValue={setApproval} options={yesNo} />
        <TextField label={t('mandate.networks')} value={networks} onValue={setNetworks} placeholder="192.168.1.0/24" />
        <TextField label={t('mandate.hours')} value={hours} onValue={setHours} placeholder="mon-fri 08:00-18:00" help={t('mandate-hours-help')} />
        <Choice label={t('mandate.level')} value={level} onValue={setLevel} options={['danger', 'warning', 'caution', 'safe'].map((l): [string, string] => [l, t('and-above', { level: word('level', l) })])} />
        <TextField label={t('mandate.most')} type="number" min="1" max="1000" value={most} onValue={setMost} required />
        <TextField label={t('mandate.minutes')} type="number" min="1" max="43200" value={minutes} onValue={setMinutes} required />
        <TextField label={t('mandate.until')} value={until} onValue={setUntil} placeholder="2027-03-31" help={t('mandate-until-help')} />
      </div>
    </Ask>
  );
}

function One({ m, session, again }: { m: Mandate; session: Session; again: () => void }) {
  const now = m.mandate && !Array.isArray(m.mandate) ? m.mandate : null;
  return (
    <Card title={isMixed() ? `${m.site} – ${customerName(m.customer)}` : m.site}
      tools={<>{m.kill_switch && <Badge tone="danger">{t('switch-thrown')}</Badge>}{now && <Badge tone={now.vendor ? 'good' : 'plain'}>{t(now.vendor ? 'mandate-on' : 'mandate-off')}</Badge>}{may(session, ADMIN) && !isVendor(session) && <Edit key={JSON.stringify(now)} m={m} again={again} />}</>}>
      {!now ? <Empty>{t('mandate-unknown')}</Empty> : (
        <Facts of={[
          [t('mandate.networks'), now.networks?.join(', ') || t('none')], [t('mandate.hours'), now.hours?.join(', ') || t('always')],
          [t('mandate.level'), now.level && t('and-above', { level: word('level', now.level) })], [t('mandate.most'), now.most ? String(now.most) : ''],
          [t('mandate.minutes'), now.minutes ? String(now.minutes) : ''], [t('mandate.approval'), t(now.approval ? 'yes' : 'no')],
          [t('mandate.until'), now.until || t('until-changed')], [t('told-at'), <At time={m.told} exact />],
        ]} />
      )}
    </Card>
  );
}

export function Mandates({ session }: { session: Session }) {
  const list = useApi<{ mandates: Mandate[] }>('mandates' + scoped(), 'orders', 'state');
  return (
    <Page title={t('mandates')}>
      <p class="faint next">{t('mandates-about')}</p>
      <Shown of={list}>{({ mandates }) => mandates.length === 0 ? <Card><Empty>{t('no-site')}</Empty></Card> : <div class="columns">{mandates.map((m) => <One key={m.mitigator} m={m} session={session} again={list.again} />)}</div>}</Shown>
      <Orders title={t('orders')} />
    </Page>
  );
}
