// Hosts of every site: who they are, from which source and since when that is known, what happened.
import { useEffect, useState } from 'preact/hooks';
import { APPROVE, part, send, type Session } from '../toolkit/api';
import { Bars, type Bar } from '../toolkit/chart';
import { dayOf, nsOf, number, shortDay, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { Ask, At, Badge, Button, Card, Choice, Facts, Level, Page, Shown, ShownPage, Table, TextField, Time } from '../toolkit/ui';
import { CutState, may } from '../parts/words';
import type { Alert, HostFull, HostRow } from './data';
import { AlertTable, IncidentTable } from './incidents';
import { CutTable } from './quarantine';
import { isMixed, isVendor, scoped } from './scope';
import { CutTools, HostOf, levelRank, OVER, SiteChoice, tell, useLong, Where, whereOf } from './shared';

/** What is typed, a moment after the last key. */
export function useSettled(value: string): string {
  const [settled, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value.trim()), 300);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

export function Hosts() {
  const [search, setSearch] = useArg('find');
  const [level, setLevel] = useArg('level');
  const [site] = useArg('site');
  const settled = useSettled(search);
  const list = useLong<HostRow>('hosts' + scoped({ search: settled, site, most: 200, ...(level === 'cut' ? { cut: true } : { level }) }), 'hosts', (h) => `${h.site}/${h.id}`, 'hosts', 'cuts');
  return (
    <Page title={t('hosts')}>
      <Card>
        <div class="row-form" role="search">
          <TextField label={t('search')} value={search} onValue={setSearch} type="search" placeholder={t('search-hosts')} />
          <Choice label={t('level')} value={level} onValue={setLevel}
            options={[['', t('all')], ...['caution', 'warning', 'danger'].map((l): [string, string] => [l, t('and-above', { level: word('level', l) })]), ['cut', t('cut-now')]]} />
          <SiteChoice />
        </div>
        <Shown of={list.of}>
          {() => (
            <>
              <p class="faint" role="status">{t('n-found', { n: number(list.rows.length) })}</p>
              <Table dense label={t('hosts')} rows={list.rows} id={(h) => `${h.site}/${h.id}`} empty={t('no-host')} page={50}
                columns={[
                  { title: t('host'), sort: (h) => h.name || h.ip, cell: (h) => <HostOf site={h.site} host={h.id} name={h.name} ip={h.ip} mac={h.mac} /> },
                  { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (h) => <Where {...h} /> },
                  { title: t('level'), sort: (h) => levelRank(h.level), cell: (h) => <Level level={h.level} /> },
                  { title: t('network'), sort: (h) => h.cut_state || '', cell: (h) => <NetworkOf h={h} /> },
                  { title: t('user'), sort: (h) => h.user, cell: (h) => h.user || '–' },
                  { title: t('system'), sort: (h) => h.os, cell: (h) => h.os || h.vendor || '–' },
                  { title: t('alerts'), right: true, sort: (h) => h.alerts, cell: (h) => number(h.alerts) },
                  { title: t('last-seen'), sort: (h) => nsOf(h.last_seen), cell: (h) => <At time={h.last_seen} /> },
                ]} />
              {list.more && <div class="actions"><Button onClick={list.more}>{t('show-more')}</Button></div>}
            </>
          )}
        </Shown>
      </Card>
    </Page>
  );
}

function NetworkOf({ h }: { h: HostRow }) {
  if (h.cut_state) return <CutState state={h.cut_state} />;
  if (h.cut) return <Badge tone="good">{t('is-cut')}</Badge>;
  return h.protected ? <Badge tone="info">{t('protected')}</Badge> : <span class="faint">{t('permitted')}</span>;
}

/** A cut from the vendor's side, within the mandate that the customer has given (Q13). */
function VendorCut({ h, again }: { h: HostFull; again: () => void }) {
  const [hours, setHours] = useState('4');
  const name = h.name || h.ip;
  return (
    <Ask button={t('vendor-cut')} kind="bad" danger title={t('vendor-cut-of', { name })} confirm={t('cut-it')}
      onDo={(reason) => send('POST', 'vendor-cuts', { site: h.site, host: h.ip || h.mac, minutes: Number(hours) * 60, reason })}
      done={(r) => {
        tell('cut-ordered', name, r);
        again();
      }}>
      <p>{t('vendor-cut-about')}</p>
      <Choice label={t('until')} value={hours} onValue={setHours} options={['1', '4', '8', '24'].map((n): [string, string] => [n, t('hours', { n })])} />
    </Ask>
  );
}

export function OneHost({ site, id, session }: { site: string; id: string; session: Session }) {
  const found = useApi<HostFull>(`hosts/${part(site)}/${part(id)}`, 'hosts', 'cuts', 'incidents');
  return (
    <ShownPage of={found} title={t('host')}>
      {(h) => {
        const open = h.quarantines.find((c) => !OVER.includes(c.state));
        const days = byDay(h.alerts, 30);
        return (
          <Page title={h.name || h.ip || h.id} tools={<>
            {open && <CutTools key={open.state} cut={open} session={session} again={found.again} />}
            {!open && !h.protected && may(session, APPROVE) && isVendor(session) && <VendorCut h={h} again={found.again} />}
          </>}>
            <div class="columns">
              <Card>
                <p class="big"><Level level={h.level} /> {open && <a href={href('quarantine', open.command_id)}><CutState state={open.state} /></a>} {h.protected && <Badge tone="info">{t('protected')}: {word('use', h.protected_reason)}</Badge>}</p>
                <Facts of={[
                  [t(isMixed() ? 'customer-site' : 'site'), <Where {...h} />],
                  [t('address'), h.ip], ['MAC', h.mac], [t('name'), h.name], [t('user'), h.user], [t('system'), h.os], [t('use'), h.role && word('use', h.role)],
                  [t('maker'), h.vendor],
                  [t('first-seen'), <At time={h.first_seen} exact />], [t('last-seen'), <At time={h.last_seen} exact />],
                ]} />
              </Card>
              <Card title={t('alerts-30-days')}><Bars label={t('alerts-30-days')} bars={days} /></Card>
            </div>
            <Card title={t('incidents')}><IncidentTable own rows={h.incidents} empty={t('no-incident-here')} /></Card>
            {h.quarantines.length > 0 && <Card title={t('cuts-here')}><CutTable own rows={h.quarantines} session={session} again={found.again} /></Card>}
            <Card title={t('identity')}><Known h={h} /></Card>
            <Card title={t('alert-list')}><AlertTable rows={h.alerts.map((a) => ({ ...a, site: undefined }))} label={t('alert-list')} /></Card>
          </Page>
        );
      }}
    </ShownPage>
  );
}

interface KnownAs { mac: string; ip: string; name: string; sensor: string; first: number; last: number; n: number }

/** Which name and address stood where: what each detection said at its time, so that an address that
 * changed hands is seen. */
function Known({ h }: { h: HostFull }) {
  if (h.facts?.length)
    return (
      <Table label={t('facts')} rows={h.facts} id={(x) => x.kind + x.value + x.source + x.first} empty={t('none')}
        columns={[
          { title: t('fact'), cell: (x) => word('fact', x.kind) },
          { title: t('value'), wide: true, cell: (x) => x.value },
          { title: t('from'), cell: (x) => x.source },
          { title: t('sure'), cell: (x) => (x.confidence ? word('sure', x.confidence) : '–') },
          { title: t('first-seen'), cell: (x) => <At time={x.first} exact /> },
          { title: t('last-seen'), cell: (x) => <At time={x.last} exact /> },
        ]} />
    );
  const known = new Map<string, KnownAs>();
  for (const a of h.alerts) {
    const key = [a.mac, a.ip, a.name].join(), at = nsOf(a.time);
    const k = known.get(key) ?? { mac: a.mac ?? '', ip: a.ip, name: a.name ?? '', sensor: a.sensor, first: at, last: at, n: 0 };
    known.set(key, { ...k, first: Math.min(k.first, at), last: Math.max(k.last, at), n: k.n + 1 });
  }
  return (
    <>
      <p class="faint">{t('identity-about')}</p>
      <Table dense label={t('identity')} rows={[...known.values()].sort((a, b) => b.last - a.last)} id={(k) => k.mac + k.ip + k.name} empty={t('none')}
        columns={[
          { title: t('name'), cell: (k) => k.name || '–' }, { title: t('address'), cell: (k) => k.ip }, { title: 'MAC', cell: (k) => k.mac || '–' },
          { title: t('from'), wide: true, cell: (k) => k.sensor }, { title: t('alerts'), right: true, cell: (k) => number(k.n) },
          { title: t('first-seen'), cell: (k) => <Time ns={k.first} exact /> }, { title: t('last-seen'), cell: (k) => <Time ns={k.last} exact /> },
        ]} />
    </>
  );
}

/** The last days' alerts by day, the page's zone deciding where a day begins. */
function byDay(alerts: Alert[], n: number): Bar[] {
  const counts = new Map<string, number>();
  for (const a of alerts) counts.set(dayOf(nsOf(a.time)), (counts.get(dayOf(nsOf(a.time))) ?? 0) + 1);
  return Array.from({ length: n }, (_, i) => {
    const ns = (Date.now() - (n - 1 - i) * 86400e3) * 1e6;
    return { label: shortDay(ns), tick: i % 7 === 4 ? shortDay(ns) : undefined, value: counts.get(dayOf(ns)) ?? 0, now: i === n - 1 };
  });
}
