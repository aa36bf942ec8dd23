// The first page: what needs a person now, then every site on one time line, then the customers.
import { useState } from 'preact/hooks';
import { query, type Session } from '../toolkit/api';
import { Spark, Strip } from '../toolkit/chart';
import { moment, nsOf, number, percent, shortMoment, t } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { At, Badge, Card, Empty, Page, Shown, Table, Tabs, type Tone } from '../toolkit/ui';
import { withThreat } from '../parts/threats';
import type { Need, Overview as Data } from './data';
import { chooseCustomer, chosenCustomer, customerName, isMixed, isVendor, scoped } from './scope';
import { say2, timeText } from './shared';

const tones: Record<string, Tone> = {
  emergency: 'danger', 'still-seen': 'danger', danger: 'danger', approve: 'warning', silent: 'warning', lost: 'caution',
};
const RANK: (Tone | undefined)[] = ['danger', 'warning', 'caution'];
/** The worst of its kinds. */
const toneOf = (n: Need & { also?: string[] }): Tone =>
  RANK.find((x) => [n.kind, ...(n.also ?? [])].some((k) => tones[k] === x)) ?? 'caution';

/** The word on the button says what to do there. */
const DO: Record<string, string> = { approve: 'do.decide', emergency: 'do.acknowledge', danger: 'do.judge' };

function target(n: Need): string {
  if (n.link === 'quarantines') return href('quarantine', n.id);
  if (n.link === 'hosts') return href('hosts', n.site, n.id);
  return href(n.link) + query({ find: n.link === 'sensors' ? n.id : undefined });
}

/** What there is about one host is one thing to do: the first kind says which, the others are named. */
interface Todo extends Need { also: string[] }

const FIRST = ['still-seen', 'approve', 'danger', 'emergency', 'silent', 'lost'];

function todos(needs: Need[]): Todo[] {
  const by = new Map<string, Need[]>();
  for (const n of needs) {
    const key = [n.customer, n.site, n.host || (n.kind === 'lost' ? n.id : '')].join('|');
    by.set(key, [...(by.get(key) ?? []), n]);
  }
  const list = [...by.values()].map((all): Todo => {
    all.sort((a, b) => FIRST.indexOf(a.kind) - FIRST.indexOf(b.kind));
    return { ...all[0], also: [...new Set(all.slice(1).map((n) => n.kind))].filter((k) => k !== all[0].kind && k !== 'danger') };
  });
  return list.sort((a, b) => RANK.indexOf(toneOf(a)) - RANK.indexOf(toneOf(b)) || nsOf(b.since) - nsOf(a.since));
}

function NeedLine({ n }: { n: Todo }) {
  return (
    <li class={toneOf(n)}>
      <div>
        <b>{withThreat(say2(n.text))}</b> {n.also.map((k) => <Badge tone={tones[k] ?? 'caution'}>{t(`need.${k}`)}</Badge>)}
        <p>{[isMixed() && customerName(n.customer), n.site, n.host].filter(Boolean).join(' · ')} · <At time={n.since} /></p>
      </div>
      <a class="button" href={target(n)}>{t(DO[n.kind] ?? 'do.look')}</a>
    </li>
  );
}

function Needs({ needs, vendor }: { needs: Need[]; vendor: boolean }) {
  const [all, setAll] = useState(false);
  const rows = todos(needs);
  if (rows.length === 0) return <Card title={t('needs')}><Empty>{t('needs-nothing')}</Empty></Card>;
  return (
    <Card title={t('needs')} tools={<Badge tone={toneOf(rows[0])}>{number(rows.length)}</Badge>}>
      {!vendor && <p class="faint next">{t('needs-next')}</p>}
      <ul class="needs">{(all ? rows : rows.slice(0, 6)).map((n) => <NeedLine key={n.kind + n.site + n.id} n={n} />)}</ul>
      {!all && rows.length > 6 && <button type="button" class="button quiet" onClick={() => setAll(true)}>{t('and-more', { n: rows.length - 6 })}</button>}
    </Card>
  );
}

// ---- the time line ----

type Line = Data['timeline']['sites'][number];
const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);
const upOf = (s: Line): number => (s.up.length ? sum(s.up) / s.up.length : 0);

const ORDERS: Record<string, (a: Line, b: Line) => number> = {
  danger: (a, b) => sum(b.danger) - sum(a.danger) || sum(b.alerts) - sum(a.alerts),
  alerts: (a, b) => sum(b.alerts) - sum(a.alerts),
  away: (a, b) => upOf(a) - upOf(b),
  name: (a, b) => `${customerName(a.customer)} ${a.site}`.localeCompare(`${customerName(b.customer)} ${b.site}`),
};

function SiteLine({ s, most, hint }: { s: Line; most: number; hint: (s: Line, at: number | null) => void }) {
  const danger = sum(s.danger), alerts = sum(s.alerts), up = upOf(s);
  return (
    <li>
      <a class="where" href={href('incidents') + query({ site: s.site })}>{s.site}{isMixed() && <small>{customerName(s.customer)}</small>}</a>
      <Strip most={most} onAt={(at) => hint(s, at)}
        label={t('strip-of', { site: s.site, alerts: number(alerts), danger: number(danger), up: percent(up) })}
        steps={s.alerts.map((all, i) => ({ all, part: s.danger[i] ?? 0, up: i === s.up.length - 1 && s.up[i] > 0 ? 1 : s.up[i] }))} />
      <span class="right">{number(alerts)}</span>
      <span class={`right ${danger ? 'bad' : 'faint'}`}>{number(danger)}</span>
      <span class={`right ${up < 0.95 ? 'bad' : 'faint'}`}>{percent(up)}</span>
    </li>
  );
}

/** So many at first: the worst come first. */
const LINES = 50;

function TimeLine({ of }: { of: Data['timeline'] }) {
  const [order, setOrder] = useState('danger');
  const [find, setFind] = useState('');
  const [hint, setHint] = useState('');
  const from = nsOf(of.from), step = of.step_s * 1e9;
  const most = Math.max(1, ...of.sites.map((s) => Math.max(0, ...s.alerts)));
  const wanted = find.trim().toLowerCase();
  const [shown, setShown] = useState(LINES);
  const lines = of.sites.filter((s) => !wanted || `${s.site} ${customerName(s.customer)}`.toLowerCase().includes(wanted)).sort(ORDERS[order]);
  const tell = (s: Line, at: number | null) => setHint(at === null ? '' : t('strip-at', {
    site: s.site, time: shortMoment(from + at * step), alerts: number(s.alerts[at] ?? 0), danger: number(s.danger[at] ?? 0),
    up: percent(s.up[at] ?? 0),
  }));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((x) => from + x * (nsOf(of.to) - from));
  return (
    <>
      <div class="bar">
        <div class="inline-form">
          <label for="line-order">{t('sort-by')}</label>
          <select id="line-order" value={order} onChange={(e) => setOrder(e.currentTarget.value)}>
            {Object.keys(ORDERS).map((o) => <option value={o}>{t(`line-order.${o}`)}</option>)}
          </select>
          {of.sites.length > 3 && <input type="search" aria-label={t('find-site')} placeholder={t('find-site')} value={find} onInput={(e) => setFind(e.currentTarget.value)} />}
        </div>
        <p class="legend" aria-hidden="true">
          <i class="all" />{t('alerts')} <i class="part" />{t('dangerous')} <i class="up" />{t('watched')} <i class="down" />{t('not-watched')}
        </p>
      </div>
      <ul class="lines">
        <li class="line-head"><span>{t('site')}</span><span class="line-hint">{hint}</span><span class="right">{t('alerts')}</span><span class="right">{t('dangerous')}</span><span class="right">{t('watched')}</span></li>
        {lines.slice(0, shown).map((s) => <SiteLine key={s.customer + s.site} s={s} most={most} hint={tell} />)}
        <li class="line-axis" aria-hidden="true"><span /><span class="axis">{ticks.map((ns) => <span>{shortMoment(ns)}</span>)}</span></li>
      </ul>
      {lines.length > shown && <div class="actions"><span class="faint">{t('shown-of', { n: number(shown), all: number(lines.length) })}</span><button type="button" class="button" onClick={() => setShown(shown * 3)}>{t('show-more')}</button></div>}
      {lines.length === 0 && <Empty>{t('no-site')}</Empty>}
      <p class="hidden">{moment(from)} – {moment(nsOf(of.to))}</p>
    </>
  );
}

// ---- totals, customers ----

function Totals({ of }: { of: Data['totals'] }) {
  const tone = (key: string, n: number) => (key === 'up' ? (n < of.sensors ? 'warning' : '') : n === 0 ? '' : ['danger', 'emergencies'].includes(key) ? 'danger' : key === 'warning' ? 'warning' : '');
  const links: Record<string, string> = {
    emergencies: 'emergencies', danger: 'hosts', warning: 'hosts', open_incidents: 'incidents', cuts: 'quarantine', up: 'sensors',
  };
  const keys = Object.keys(links).filter((k) => of[k] !== undefined);
  return (
    <ul class="totals">
      {keys.map((k) => (
        <li class={tone(k, of[k])}><a href={href(links[k])}><b>{number(of[k])}{k === 'up' && <small> / {number(of.sensors)}</small>}</b><span>{t(`total.${k}`)}</span></a></li>
      ))}
    </ul>
  );
}

/** A customer's sites together, from the time line. */
function sumOf(lines: Line[], customer: string, key: 'alerts' | 'danger'): number[] {
  const sums: number[] = [];
  for (const s of lines)
    if (s.customer === customer) s[key].forEach((n, i) => (sums[i] = (sums[i] ?? 0) + n));
  const per = Math.ceil(sums.length / 32) || 1; // no more columns than a cell can show
  return sums.reduce<number[]>((few, n, i) => {
    few[Math.floor(i / per)] = (few[Math.floor(i / per)] ?? 0) + n;
    return few;
  }, []);
}

export function CustomerTable({ of }: { of: Data }) {
  const rows = of.customers, lines = of.timeline.sites;
  return (
    <Table dense label={t('customers')} rows={rows} id={(c) => c.id} empty={t('no-customer')} page={50}
      columns={[
        { title: t('customer'), sort: (c) => c.name, cell: (c) => <button type="button" class="link" onClick={() => chooseCustomer(c.id)}><b>{c.name || t('of-nobody')}</b></button> },
        { title: t('alerts'), sort: (c) => sum(sumOf(lines, c.id, 'alerts')), cell: (c) => <Spark label={t('alerts')} values={sumOf(lines, c.id, 'alerts')} parts={sumOf(lines, c.id, 'danger')} /> },
        { title: t('total.emergencies'), right: true, sort: (c) => c.emergencies, cell: (c) => <Figure n={c.emergencies} tone="danger" /> },
        { title: t('level.danger'), right: true, sort: (c) => c.danger, cell: (c) => <Figure n={c.danger} tone="danger" /> },
        { title: t('level.warning'), right: true, sort: (c) => c.warning, cell: (c) => <Figure n={c.warning} tone="warning" /> },
        { title: t('open-incidents'), right: true, sort: (c) => c.open_incidents, cell: (c) => <Figure n={c.open_incidents} /> },
        { title: t('cut-now'), right: true, sort: (c) => c.cuts, cell: (c) => <Figure n={c.cuts} /> },
        { title: t('sites'), right: true, sort: (c) => c.sites, cell: (c) => number(c.sites) },
        { title: t('sensors-up'), right: true, sort: (c) => c.up - c.sensors, cell: (c) => <span class={c.up < c.sensors ? 'bad' : ''}>{number(c.up)} / {number(c.sensors)}</span> },
      ]} />
  );
}

/** A figure that stands out when there is something. */
export function Figure({ n, tone = 'plain' }: { n: number; tone?: Tone }) {
  return n ? tone === 'plain' ? <>{number(n)}</> : <Badge tone={tone}>{number(n)}</Badge> : <span class="faint">0</span>;
}

export function Overview({ session }: { session: Session }) {
  const [hours, setHours] = useArg('hours', '24');
  const from = timeText(Math.ceil(Date.now() / 900e3) * 900e3 - Number(hours) * 3600e3);
  const data = useApi<Data>('overview' + scoped({ from }), 'incidents', 'cuts', 'emergencies', 'sensors', 'alerts', 'hosts', 'state');
  return (
    <Page title={chosenCustomer() ? customerName(chosenCustomer()) : t('overview')}>
      <Shown of={data}>
        {(d) => (
          <>
            <Totals of={d.totals} />
            <Needs needs={d.needs_action} vendor={isVendor(session)} />
            <Card title={t('time-line')} tools={<Tabs label={t('span')} value={hours} onValue={setHours} options={[['24', t('hours', { n: 24 })], ['168', t('days', { n: 7 })], ['720', t('days', { n: 30 })]]} />}>
              <TimeLine of={d.timeline} />
            </Card>
            {isMixed() && <Card title={t('customers')}><CustomerTable of={d} /></Card>}
          </>
        )}
      </Shown>
    </Page>
  );
}
