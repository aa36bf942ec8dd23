// Every sensor and mitigator: whether it is there, what it sees, what it lost, what runs on it.
import { query } from '../toolkit/api';
import { Bars, Strip } from '../toolkit/chart';
import { href, useArg } from '../toolkit/route';
import { currentLanguage, duration, nsOf, number, percent, short, shortMoment, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { At, Badge, Card, Facts, Page, Shown, ShownPage, Table, Tabs, TextField, type Column } from '../toolkit/ui';
import type { Moment, Sensor, SensorFull } from './data';
import { isMixed, scoped } from './scope';
import { MIRROR_GOOD, SiteChoice, timeText, told, Where, whereOf } from './shared';

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

const LITTLE = 5 * 2 ** 30;
const bytes = (n: number): string => (n >= 2 ** 30 ? `${number(Math.round(n / 2 ** 30))} GiB` : `${number(Math.round(n / 2 ** 20))} MiB`);

/** How busy it is, and how much room is left. */
function Machine({ s }: { s: Sensor }) {
  if (!s.disk_free) return <>–</>;
  return <span class="one-line"><span class={(s.cpu ?? 0) > 0.9 ? 'bad' : ''}>{t('cpu')} {percent(s.cpu ?? 0)}</span><small class={`line ${s.disk_free < LITTLE ? 'bad' : ''}`}>{t('disk-left', { n: bytes(s.disk_free) })}</small></span>;
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
                    { title: t('name'), sort: (s) => s.name, cell: (s) => <><a class="one-line" href={href('sensors', s.name)}><b>{s.name}</b></a>{filter !== s.role && <small class="line">{word('peer', s.role)}</small>}</> },
                    { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (s) => <Where {...s} /> },
                    { title: t('mirror-problems'), wide: true, cell: (s) => <Told s={s} /> },
                    { title: t('packets'), right: true, sort: (s) => s.rx ?? 0, cell: (s) => (s.rx ? short(s.rx) : '–') },
                    { title: t('lost'), right: true, sort: lostShare, cell: (s) => <span class={lostShare(s) > 0.001 ? 'bad' : ''}>{lossText(s)}</span> },
                    ...(rows.some((s) => s.disk_free) ? [{ title: t('machine'), right: true, sort: (s: Sensor) => s.cpu ?? 0, cell: (s: Sensor) => <Machine s={s} /> }] : []),
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

// ---- one ----

/** Steps over the whole time: one that is not there was time away. */
function stepsOf(s: SensorFull) {
  const from = Math.floor(nsOf(s.from) / 1e9 / s.step_s) * s.step_s, n = Math.ceil((nsOf(s.to) / 1e9 - from) / s.step_s);
  const by = new Map(s.steps.map((x) => [Math.round(nsOf(x.time) / 1e9), x]));
  return Array.from({ length: n }, (_, i) => ({ at: (from + i * s.step_s) * 1e9, rx: 0, lost: 0, up_s: 0, ...by.get(from + i * s.step_s) }));
}

function Course({ s }: { s: SensorFull }) {
  const steps = stepsOf(s), every = Math.max(1, Math.floor(steps.length / 6));
  const watched = steps.reduce((n, x) => n + x.up_s, 0) / Math.max(1, steps.length * s.step_s);
  const bar = (x: (typeof steps)[number], i: number, value: number) => ({ label: shortMoment(x.at), tick: i % every === Math.floor(every / 2) ? shortMoment(x.at) : undefined, value, now: i === steps.length - 1 });
  return (
    <>
      <Card title={t('packets-over-time')}><Bars label={t('packets-over-time')} bars={steps.map((x, i) => bar(x, i, x.rx))} /></Card>
      <Card title={t('lost-over-time')}>
        {steps.some((x) => x.lost) ? <Bars label={t('lost-over-time')} height={100} bars={steps.map((x, i) => bar(x, i, x.lost))} /> : <p class="fine">{t('nothing-lost')}</p>}
      </Card>
      <Card title={t('watched-over-time')} tools={<b>{percent(watched)}</b>}>
        <Strip label={`${t('watched-over-time')}: ${percent(watched)}`} most={1} steps={steps.map((x, i) => ({ all: 0, part: 0, up: i === steps.length - 1 && x.up_s ? 1 : x.up_s / s.step_s }))} />
        <p class="legend" aria-hidden="true"><i class="up" />{t('watched')} <i class="down" />{t('not-watched')}</p>
      </Card>
    </>
  );
}

const SPANS = ['1', '7', '30'];

export function OneSensor({ name }: { name: string }) {
  const [days, setDays] = useArg('days', '7');
  const from = timeText(Math.floor(Date.now() / 3600e3) * 3600e3 - Number(days) * 86400e3);
  const one = useApi<SensorFull>(`sensors/${encodeURIComponent(name)}` + query({ from, to: timeText(Math.ceil(Date.now() / 900e3) * 900e3) }), 'sensors');
  return (
    <ShownPage of={one} title={name}>
      {(s) => (
        <Page title={s.name}>
          <Card>
            <p class="big"><State s={s} /> {word('peer', s.role)} · <Where {...s} /></p>
            {complaints(s).map((m) => <p class="note bad">{told(m)}</p>)}
            {s.health_time && s.alive && !complaints(s).length && <p class="note good">{(s.mirror ?? []).map(told).join(' ') || t('mirror-good')}</p>}
            <Facts of={[
              [t('last-seen'), <At time={lastOf(s)} exact />], [t('packets'), s.rx ? number(s.rx) : ''], [t('lost'), s.rx ? lossText(s) : ''], [t('rules'), s.rules ? number(s.rules) : ''],
              [t('cpu'), s.cpu ? percent(s.cpu) : ''], [t('memory'), s.memory ? bytes(s.memory) : ''], [t('disk-free'), s.disk_free ? bytes(s.disk_free) : ''],
              [t('runs-since'), s.uptime ? duration(s.uptime) : ''], [t('waiting-here'), s.spool_limit ? `${bytes(s.spool ?? 0)} / ${bytes(s.spool_limit)}` : ''],
            ]} />
          </Card>
          {s.role === 'sensor' && (
            <>
              <Card><Tabs label={t('span')} value={days} onValue={setDays} options={SPANS.map((n): [string, string] => [n, n === '1' ? t('hours', { n: 24 }) : t('days', { n })])} /></Card>
              <Course s={s} />
            </>
          )}
        </Page>
      )}
    </ShownPage>
  );
}
