// Sensors, drivers, what they see, and what can never be cut.
import { number, percent, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Badge, Card, Empty, Facts, Page, Shown, Table, Time } from '../toolkit/ui';
import { sentence } from '../parts/sentences';
import type { Peers } from './data';

interface Coverage {
  hosts_seen: number; hosts_unseen: number;
  networks: { network: string; seen: number; behind_router: number; silent: number; last_seen: number; sensors: string[]; advice: string }[];
}
interface Protected { protected: { address: string; mac: string; role: string; source: string; note: string }[] }

function Peer({ p }: { p: Peers['peers'][number] }) {
  const h = p.health;
  return (
    <Card title={p.name} tools={<Badge tone={p.connected ? 'good' : 'danger'}>{t(p.connected ? 'connected' : 'away')}</Badge>}>
      <Facts of={[
        [t('kind'), word('peer', p.role)], [t('connected-since'), <Time ns={p.since} exact />], [t('trouble'), sentence(p.trouble)],
        ...(h ? [
          [t('dataplane'), <Badge tone={h.dataplane ? 'good' : 'danger'}>{t(h.dataplane ? 'runs' : 'stands')}</Badge>],
          [t('packets'), number(h.packets)],
          [t('lost'), `${number(h.dropped)} (${percent(h.packets ? h.dropped / h.packets : 0)})`],
          [t('rules'), number(h.rules)], [t('disk-free'), `${number(Math.round(h.disk_free / 1e9))} GB`],
        ] as [string, preact.ComponentChildren][] : []),
      ]} />
      {h && h.span.length > 0 && <><h3>{t('mirror')}</h3><ul class="lint plain">{h.span.map((s) => <li>{s}</li>)}</ul></>}
      {h && h.problems.length > 0 && <><h3>{t('problems')}</h3><ul class="lint">{h.problems.map((s) => <li>{sentence(s)}</li>)}</ul></>}
    </Card>
  );
}

export function Sensors() {
  const peers = useApi<Peers>('peers', 'state');
  const coverage = useApi<Coverage>('coverage', 'hosts');
  const spared = useApi<Protected>('protected', 'state', 'hosts');
  return (
    <Page title={t('sensors')}>
      <Shown of={peers}>
        {(p) => (
          <>
            {p.peers.length === 0 && <Card><Empty>{t('no-peer')}</Empty></Card>}
            <div class="columns">{p.peers.map((x) => <Peer key={x.name} p={x} />)}</div>
            <Card title={t('drivers')}>
              <Table label={t('drivers')} rows={p.drivers} id={(d) => d.name} empty={t('no-driver')}
                columns={[
                  { title: t('name'), cell: (d) => <b>{d.name}</b> },
                  { title: t('state'), cell: (d) => <Badge tone={d.reachable ? 'good' : 'danger'}>{t(d.reachable ? 'reachable' : 'unreachable')}</Badge> },
                  { title: t('kind'), cell: (d) => d.type },
                  { title: t('does'), wide: true, cell: (d) => word('driver', d.type) === d.type ? d.summary : word('driver', d.type) },
                  { title: t('cuts-held'), right: true, cell: (d) => number(d.cuts) },
                ]} />
              <p class="faint">{t('centre')}: {!p.centre.configured ? t('centre-none') : p.centre.connected ? t('connected') : `${t('away')} – ${sentence(p.centre.trouble)}`}</p>
            </Card>
          </>
        )}
      </Shown>
      <Card title={t('coverage')}>
        <Shown of={coverage}>
          {(c) => (
            <>
              <p class="faint">{t('coverage-text', { seen: number(c.hosts_seen), unseen: number(c.hosts_unseen) })}</p>
              <Table label={t('coverage')} rows={c.networks} id={(n) => n.network} empty={t('no-host')}
                columns={[
                  { title: t('network'), cell: (n) => <b>{n.network}</b> },
                  { title: t('seen'), right: true, cell: (n) => number(n.seen) },
                  { title: t('behind-router'), right: true, cell: (n) => number(n.behind_router) },
                  { title: t('silent'), right: true, cell: (n) => number(n.silent) },
                  { title: t('sensor'), cell: (n) => n.sensors.join(', ') },
                  { title: t('advice'), wide: true, cell: (n) => word('advice', n.advice) },
                ]} />
            </>
          )}
        </Shown>
      </Card>
      <Card title={t('protected-list')}>
        <p class="faint">{t('protected-about')}</p>
        <Shown of={spared}>
          {(s) => (
            <Table label={t('protected-list')} rows={s.protected} id={(x) => x.address + x.mac + x.role + x.source} empty={t('none')}
              columns={[
                { title: t('address'), cell: (x) => x.address || '–' }, { title: 'MAC', cell: (x) => x.mac || '–' },
                { title: t('use'), cell: (x) => word('use', x.role) }, { title: t('from'), cell: (x) => word('protected', x.source) },
                { title: t('note'), wide: true, cell: (x) => x.note },
              ]} />
          )}
        </Shown>
      </Card>
    </Page>
  );
}
