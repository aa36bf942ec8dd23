// Every sensor and mitigator: whether it is there, what it sees, what it lost, what runs on it.
import { useArg } from '../toolkit/route';
import { currentLanguage, nsOf, number, short, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { At, Badge, Card, Page, Shown, Table, Tabs, TextField, type Column } from '../toolkit/ui';
import type { Moment, Sensor } from './data';
import { isMixed, scoped } from './scope';
import { MIRROR_GOOD, SiteChoice, told, Where, whereOf } from './shared';

/** What its mirror port or its problems say against it. */
const complaints = (s: Sensor): string[] => [...(s.problems ?? []), ...(s.mirror ?? []).filter((m) => !MIRROR_GOOD.test(m))];
const lostShare = (s: Sensor): number => (s.rx ? (s.lost ?? 0) / s.rx : 0);

function rankOf(s: Sensor): number {
  if (!s.up) return 0;
  if (s.health_time && !s.alive) return 1;
  return complaints(s).length || s.stale ? 2 : 3;
}

/** When it was last heard of: its health comes more often than it connects. */
const lastOf = (s: Sensor): Moment => (nsOf(s.health_time) > nsOf(s.last_seen) ? s.health_time : s.last_seen);

function Told({ s }: { s: Sensor }) {
  const bad = complaints(s);
  if (!s.health_time || (!s.up && !bad.length)) return <span class="faint">–</span>;
  if (bad.length) return <>{bad.map((m) => <p>{told(m)}</p>)}</>;
  return <span class="faint" title={(s.mirror ?? []).map(told).join(' ')}>{t('mirror-good')}</span>;
}

function State({ s }: { s: Sensor }) {
  if (!s.up) return <Badge tone="danger">{t('away')}</Badge>;
  if (s.health_time && !s.alive) return <Badge tone="danger">{t('stands')}</Badge>;
  if (complaints(s).length) return <Badge tone="caution">{t('has-problem')}</Badge>;
  return <Badge tone="good">{t('connected')}</Badge>;
}

function lossText(s: Sensor): string {
  const share = lostShare(s);
  if (!s.rx) return '–';
  if (!share) return '0 %';
  return share < 1e-6 ? '< 0.0001 %' : `${(share * 100).toLocaleString(currentLanguage(), { maximumSignificantDigits: 2 })} %`;
}

/** Columns of what a later release of the API tells as well. */
function more(rows: Sensor[]): Column<Sensor>[] {
  const list: Column<Sensor>[] = [];
  if (rows.some((s) => s.version)) list.push({ title: t('release-of'), sort: (s) => s.version ?? '', cell: (s) => <>{s.version || '–'}{s.stale && <> <Badge tone="caution">{t('stale')}</Badge></>}</> });
  if (rows.some((s) => s.ring)) list.push({ title: t('ring'), sort: (s) => s.ring ?? '', cell: (s) => s.ring || '–' });
  if (rows.some((s) => s.bundle_version)) list.push({ title: t('bundle'), sort: (s) => String(s.bundle_version ?? ''), cell: (s) => s.bundle_version || '–' });
  if (rows.some((s) => s.certificate_until)) list.push({ title: t('certificate-until'), sort: (s) => nsOf(s.certificate_until), cell: (s) => <At time={s.certificate_until} exact /> });
  return list;
}

const FILTERS: Record<string, (s: Sensor) => boolean> = {
  sensor: (s) => s.role === 'sensor', trouble: (s) => rankOf(s) < 3, mitigator: (s) => s.role === 'mitigator', all: () => true,
};

export function Sensors() {
  const [filter, setFilter] = useArg('show', 'sensor');
  const [find, setFind] = useArg('find');
  const [site] = useArg('site');
  const list = useApi<{ sensors: Sensor[] }>('sensors' + scoped({ site }), 'sensors', 'state');
  const wanted = find.trim().toLowerCase();
  return (
    <Page title={t('sensors')}>
      <Card>
        <Shown of={list}>
          {({ sensors }) => {
            const found = sensors.filter((s) => !wanted || `${s.name} ${s.site} ${complaints(s).join(' ')}`.toLowerCase().includes(wanted));
            const rows = found.filter(FILTERS[filter] ?? FILTERS.sensor).sort((a, b) => rankOf(a) - rankOf(b));
            return (
              <>
                <Tabs label={t('filter')} value={filter} onValue={setFilter} options={Object.keys(FILTERS).map((f) => [f, t(`sensors-show.${f}`), found.filter(FILTERS[f]).length])} />
                <div class="row-form" role="search">
                  <TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-sensors')} />
                  <SiteChoice />
                </div>
                <Table dense label={t('sensors')} rows={rows} id={(s) => s.name} empty={t('no-sensor')} page={100}
                  columns={[
                    { title: t('state'), sort: rankOf, cell: (s) => <State s={s} /> },
                    { title: t('name'), sort: (s) => s.name, cell: (s) => <><b class="one-line">{s.name}</b>{filter !== s.role && <small class="line">{word('peer', s.role)}</small>}</> },
                    { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (s) => <Where {...s} /> },
                    { title: t('mirror-problems'), wide: true, cell: (s) => <Told s={s} /> },
                    { title: t('packets'), right: true, sort: (s) => s.rx ?? 0, cell: (s) => (s.rx ? short(s.rx) : '–') },
                    { title: t('lost'), right: true, sort: lostShare, cell: (s) => <span class={lostShare(s) > 0.001 ? 'bad' : ''}>{lossText(s)}</span> },
                    { title: t('rules'), right: true, sort: (s) => s.rules ?? 0, cell: (s) => (s.rules ? number(s.rules) : '–') },
                    ...more(sensors),
                    { title: t('last-seen'), sort: (s) => nsOf(lastOf(s)), cell: (s) => <At time={lastOf(s)} /> },
                  ]} />
              </>
            );
          }}
        </Shown>
      </Card>
    </Page>
  );
}
