// Which networks and hosts no sensor sees (P10), and where one more mirror port would help most.
import { query, type Session } from '../toolkit/api';
import { Stack } from '../toolkit/chart';
import { nsOf, number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { At, Badge, Card, Choice, Empty, Page, Shown, Table, TextField, type Tone } from '../toolkit/ui';
import type { Coverage as Data, CoveredNetwork } from './data';
import { isMixed, scoped } from './scope';
import { SiteChoice, Where, whereOf } from './shared';

const tones: Record<string, Tone> = { unseen: 'danger', 'mostly-unseen': 'warning', 'partly-unseen': 'caution', silent: 'plain', seen: 'good' };
const RANK = Object.keys(tones);

function Blind({ sites }: { sites: Data['blind_sites'] }) {
  if (!sites.length) return null;
  return (
    <Card title={t('blind-sites')} tone="danger">
      <p>{t('blind-sites-about')}</p>
      <ul class="rows">
        {sites.map((s) => <li><Where {...s} /><span>{s.sensors ? t('sensors-away', { n: number(s.sensors) }) : t('no-sensor-here')}</span><a class="button" href={href('sensors') + query({ site: s.site })}>{t('do.look')}</a></li>)}
      </ul>
    </Card>
  );
}

function Networks({ rows, all }: { rows: CoveredNetwork[]; all: boolean }) {
  return (
    <Table dense label={t('networks')} rows={rows} id={(n) => n.site + n.network} empty={all ? t('no-network') : t('all-seen')} page={50}
      columns={[
        { title: t('state'), sort: (n) => RANK.indexOf(n.advice), cell: (n) => <Badge tone={tones[n.advice] ?? 'plain'}>{word('coverage', n.advice)}</Badge> },
        { title: t('network'), sort: (n) => n.network, cell: (n) => <b class="one-line">{n.network}</b> },
        { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (n) => <Where {...n} /> },
        { title: t('hosts-seen'), right: true, sort: (n) => n.seen, cell: (n) => number(n.seen) },
        { title: t('hosts-unseen'), right: true, sort: (n) => n.behind_router, cell: (n) => <span class={n.behind_router ? 'bad' : 'faint'}>{number(n.behind_router)}</span> },
        { title: t('hosts-silent'), right: true, sort: (n) => n.silent, cell: (n) => number(n.silent) },
        { title: t('what-to-do'), wide: true, cell: (n) => t(`coverage-help.${n.advice}`) },
        { title: t('last-seen'), sort: (n) => nsOf(n.last_seen), cell: (n) => <At time={n.last_seen} /> },
        { title: '', cell: (n) => <a class="button quiet" href={href('hosts') + query({ find: n.find, site: n.site })}>{t('hosts')}</a> },
      ]} />
  );
}

export function Coverage(_: { session: Session }) {
  const [find, setFind] = useArg('find');
  const [show, setShow] = useArg('show', 'gaps');
  const [site] = useArg('site');
  const list = useApi<Data>('coverage' + scoped({ site, most: 1000 }), 'hosts', 'sensors');
  const wanted = find.trim().toLowerCase();
  return (
    <Page title={t('coverage')}>
      <Shown of={list}>
        {(c) => {
          const rows = c.networks.filter((n) => (show === 'all' || n.advice !== 'seen') && (!wanted || `${n.network} ${n.site}`.toLowerCase().includes(wanted)));
          return (
            <>
              <Blind sites={c.blind_sites} />
              <Card>
                <p class="faint">{t('coverage-about')}</p>
                {c.hosts_seen + c.hosts_unseen + c.hosts_silent === 0 ? <Empty>{t('no-network')}</Empty> : (
                  <Stack label={t('coverage')} parts={[
                    { name: t('hosts-seen'), value: c.hosts_seen, tone: 'safe' }, { name: t('hosts-unseen'), value: c.hosts_unseen, tone: 'danger' },
                    { name: t('hosts-silent'), value: c.hosts_silent, tone: 'none' },
                  ]} />
                )}
                <div class="row-form" role="search">
                  <TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-networks')} />
                  <Choice label={t('filter')} value={show} onValue={setShow} options={[['gaps', t('only-gaps')], ['all', t('all')]]} />
                  <SiteChoice />
                </div>
                <p class="faint" role="status">{t('n-found', { n: number(rows.length) })}</p>
                <Networks rows={rows} all={show === 'all'} />
              </Card>
            </>
          );
        }}
      </Shown>
    </Page>
  );
}
