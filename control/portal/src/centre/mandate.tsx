// What each site lets the vendor cut, and its own people do from here (Q13): the customer's own to set.
import { useState } from 'preact/hooks';
import { ADMIN, part, send, type Session } from '../toolkit/api';
import { t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { useArg } from '../toolkit/route';
import { Ask, At, Badge, Button, Card, Choice, Empty, Facts, Page, Shown, TextField } from '../toolkit/ui';
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
  const [types, setTypes] = useState((now.file_types ?? []).join(', '));
  const act = (reason: string) => send('PUT', `mandates/${part(m.site)}`, {
    vendor: on === 'yes', networks: listOf(networks), hosts: now.hosts ?? [], hours: linesOf(hours), level, most: Number(most), minutes: Number(minutes),
    approval: approval === 'yes', until, file_types: listOf(types).map((x) => x.toLowerCase().replace(/^\./, '')), reason,
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
        <TextField label={t('file-types-allowed')} value={types} onValue={setTypes} placeholder="exe, dll, js" help={t('file-types-help')} autocomplete="off" />
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
          [t('mandate.until'), now.until || t('until-changed')], [t('file-types-allowed'), now.file_types?.join(', ') || t('no-file-leaves')], [t('told-at'), <At time={m.told} exact />],
        ]} />
      )}
    </Card>
  );
}

const FIRST = 20;

/** Of hundreds of sites: those that are looked for, some at a time. */
function Some({ all, session, again }: { all: Mandate[]; session: Session; again: () => void }) {
  const [find, setFind] = useArg('find');
  const [most, setMost] = useState(FIRST);
  const wanted = find.trim().toLowerCase();
  const rows = all.filter((m) => !wanted || `${m.site} ${customerName(m.customer)}`.toLowerCase().includes(wanted));
  return (
    <>
      {all.length > 6 && <div class="row-form" role="search"><TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('find-site')} /></div>}
      <div class="columns">{rows.slice(0, most).map((m) => <One key={m.mitigator} m={m} session={session} again={again} />)}</div>
      {rows.length > most && <div class="actions"><span class="faint">{t('shown-of', { n: most, all: rows.length })}</span><Button onClick={() => setMost(most * 3)}>{t('show-more')}</Button></div>}
    </>
  );
}

export function Mandates({ session }: { session: Session }) {
  const list = useApi<{ mandates: Mandate[] }>('mandates' + scoped(), 'orders', 'state');
  return (
    <Page title={t('mandates')}>
      <p class="faint next">{t('mandates-about')}</p>
      <Shown of={list}>{({ mandates }) => mandates.length === 0 ? <Card><Empty>{t('no-site')}</Empty></Card> : <Some all={mandates} session={session} again={list.again} />}</Shown>
      <Orders title={t('orders')} />
    </Page>
  );
}
