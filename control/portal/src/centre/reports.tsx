// The day so far and each day before (R1), the months (R2), as pages and as files; the expert's
// advisory, of which every version is kept.
import { useState } from 'preact/hooks';
import { ANALYSE, query, saveAs, send, url, waitedFor, type Session } from '../toolkit/api';
import { Bars } from '../toolkit/chart';
import { currentLanguage, dayText, duration, moment, monthText, number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { useArg } from '../toolkit/route';
import { At, Badge, Button, Card, Choice, Empty, Facts, Level, Page, say, Shown, Table, Tabs, TextArea, Time } from '../toolkit/ui';
import { techniqueName, TACTICS } from '../parts/attack';
import { aboutHost, CutState, inLanguage, may, Technique } from '../parts/words';
import { className, threatName } from '../parts/threats';
import type { Advisory, Daily, Figures, Monthly, ReportList, Severities, Spread } from './data';
import { allCustomers, chooseCustomer, chosenCustomer, customerName, isVendor, scoped } from './scope';
import { MIRROR_GOOD, say2, Severity, severityRank, SiteChoice, told } from './shared';

const total = (s: Severities): number => Object.values(s).reduce((a, b) => a + b, 0);
const share = (part: number, whole: number): string =>
  whole ? `${(part / whole * 100).toLocaleString(currentLanguage(), { maximumSignificantDigits: 2 })} %` : '0 %';

/** Printing takes a while: it is asked for until it is there. */
function PdfButton({ path, name }: { path: string; name: string }) {
  const [busy, setBusy] = useState(false);
  const fetchIt = async () => {
    setBusy(true);
    try {
      saveAs(await waitedFor(path), name);
    } catch (e) {
      say((e as Error).message);
    }
    setBusy(false);
  };
  return <Button kind="quiet" busy={busy} onClick={() => void fetchIt()}>{busy ? t('pdf-made') : 'PDF'}</Button>;
}

/** The same report as files; the page in the language that is chosen. */
function Files({ kind, args }: { kind: 'daily' | 'monthly'; args: Record<string, string> }) {
  const [language, setLanguage] = useState<string>(currentLanguage());
  const link = (format: string) => url(`reports/${kind}` + scoped({ ...args, format, ...(format === 'html' ? { language } : {}) }));
  return (
    <div class="files">
      <span class="inline-form">
        <label for="file-language">{t('file-language')}</label>
        <select id="file-language" value={language} onChange={(e) => setLanguage(e.currentTarget.value)}>
          <option value="ja">日本語</option><option value="en">English</option>
        </select>
      </span>
      <PdfButton path={link('pdf') + `&language=${language}`} name={`banken-${kind}-${args.date ?? args.month}.${language}.pdf`} />
      {['html', 'csv', 'json'].map((f) => (
        <a class="button quiet" href={link(f)} download={`banken-${kind}-${args.date ?? args.month}.${f}`}>{f.toUpperCase()}</a>
      ))}
    </div>
  );
}

export function Reports({ session }: { session: Session }) {
  const [kind, setKind] = useArg('kind', 'daily');
  return (
    <Page title={t('reports')}>
      <Card>
        <div class="bar">
          <Tabs label={t('kind')} value={kind} onValue={setKind} options={[['daily', t('daily')], ['monthly', t('monthly')], ...(may(session, ANALYSE) ? [['advisory', t('advisory')] as [string, string]] : [])]} />
          <div class="inline-form">
            {isVendor(session) && <Choice label={t('customer')} value={chosenCustomer()} onValue={chooseCustomer} options={[['', t('all-customers')], ...allCustomers().map((c): [string, string] => [c.id, c.name])]} />}
            {kind !== 'advisory' && <SiteChoice />}
          </div>
        </div>
      </Card>
      {kind === 'daily' && <DailyPart />}
      {kind === 'monthly' && <MonthlyPart />}
      {kind === 'advisory' && <AdvisoryPart session={session} />}
    </Page>
  );
}

// ---- a day ----

function DailyPart() {
  const [date, setDate] = useArg('date');
  const [site] = useArg('site');
  const list = useApi<ReportList>('reports' + scoped({ site }), 'state');
  const day = date || list.data?.daily[0]?.date || '';
  const soFar = list.data?.daily.find((d) => d.date === day)?.so_far ?? false;
  const report = useApi<Daily>(day ? 'reports/daily' + scoped({ site, date: day }) : null, ...(soFar ? ['alerts', 'incidents', 'cuts'] : []));
  return (
    <Shown of={list}>
      {({ daily }) => (
        <>
          <Card>
            <div class="bar">
              <Choice label={t('day')} value={day} onValue={setDate} options={daily.map((d) => [d.date, dayText(d.date) + (d.so_far ? ` – ${t('so-far')}` : '')])} />
              <Files kind="daily" args={{ date: day, site }} />
            </div>
            <Shown of={report}>{(r) => <DaySum r={r} soFar={soFar} />}</Shown>
          </Card>
          {report.data && <DayBody r={report.data} />}
        </>
      )}
    </Shown>
  );
}

function DaySum({ r, soFar }: { r: Daily; soFar: boolean }) {
  return (
    <>
      <p class="big">{t('report-summary', { threats: number(r.threats.length), hosts: number(r.hosts.length), cut: number(r.hosts.filter((h) => h.cut_at_ns).length) })}</p>
      <p class="faint">{moment(r.from_ns)} – {moment(soFar ? Math.min(r.to_ns, Date.now() * 1e6) : r.to_ns)}{soFar && <> · <b>{t('so-far')}</b></>}</p>
    </>
  );
}

function DayBody({ r }: { r: Daily }) {
  const [most, setMost] = useState(10);
  return (
    <>
      <Card title={t('report-hosts')}>
        {r.hosts.length === 0 ? <Empty>{t('no-host-needs')}</Empty> : r.hosts.slice(0, most).map((h) => (
          <article class="report-host">
            <h3><Level level={h.level || 'safe'} /> {h.name || h.ip || h.mac} <small>{[h.name && h.ip, h.mac].filter(Boolean).join(' · ')}</small> {h.cut_state && <CutState state={h.cut_state} />}</h3>
            {h.about && <p class="faint">{aboutHost(h.about)}</p>}
            {h.root_cause && <p class="cause">{inLanguage(h.root_cause, h.root_cause_ja)}</p>}
            <Facts of={[
              [t('cut-at'), h.cut_at_ns ? <Time ns={h.cut_at_ns} exact /> : ''], [t('verified-at'), h.verified_at_ns ? <Time ns={h.verified_at_ns} exact /> : ''],
              [t('moment.released'), h.released_at_ns ? <Time ns={h.released_at_ns} exact /> : ''], [t('alerts'), number(h.alerts)],
            ]} />
            {h.handling.length > 0 && <><p class="over">{t('handling')}</p><ol class="handling">{inLanguage(h.handling, h.handling_ja).map((x) => <li>{x}</li>)}</ol></>}
          </article>
        ))}
        {r.hosts.length > most && <div class="actions"><span class="faint">{t('shown-of', { n: number(most), all: number(r.hosts.length) })}</span><Button onClick={() => setMost(most * 3)}>{t('show-more')}</Button></div>}
      </Card>
      <Card title={t('threats')}>
        <Table dense label={t('threats')} rows={r.threats} id={(x) => x.name + x.category} empty={t('quiet-day')}
          columns={[
            { title: t('threat'), wide: true, sort: (x) => x.name, cell: (x) => <>{threatName(x.name)}<small class="line">{className(x.category)}</small></> },
            { title: t('severity'), sort: (x) => severityRank(x.severity), cell: (x) => <Severity of={x.severity} /> },
            { title: t('techniques'), cell: (x) => x.technique && <Technique id={x.technique} /> },
            { title: t('hosts'), right: true, sort: (x) => x.hosts, cell: (x) => number(x.hosts) }, { title: t('times'), right: true, sort: (x) => x.hits, cell: (x) => number(x.hits) },
            { title: t('first'), sort: (x) => x.first_ns, cell: (x) => <Time ns={x.first_ns} exact /> }, { title: t('last-sign'), sort: (x) => x.last_ns, cell: (x) => <Time ns={x.last_ns} exact /> },
          ]} />
      </Card>
      <Card title={t('blind')}>
        <p>{t('blind-text', { packets: number(r.packets), lost: number(r.lost), share: share(r.lost, r.packets) })}</p>
        <Blind of={r.blind} />
      </Card>
    </>
  );
}

/** What a sensor does not see; those that see all are counted. */
function Blind({ of }: { of: Daily['blind'] }) {
  const bad = of.filter((b) => !MIRROR_GOOD.test(b.sentence)), good = of.length - bad.length;
  return (
    <>
      {bad.length > 0 && <ul class="lint plain">{bad.map((b) => <li><b>{b.sensor}</b>: {told(b.sentence)}</li>)}</ul>}
      {good > 0 && <p class="faint">{t('mirrors-good', { n: number(good) })}</p>}
    </>
  );
}

// ---- a month ----

function MonthlyPart() {
  const [date, setDate] = useArg('month');
  const [site] = useArg('site');
  const list = useApi<ReportList>('reports' + scoped({ site }), 'state');
  const month = date || (list.data?.monthly[1] ?? list.data?.monthly[0])?.date || '';
  const report = useApi<Monthly>(month ? 'reports/monthly' + scoped({ site, month }) : null, 'reports');
  return (
    <Shown of={list}>
      {({ monthly }) => (
        <>
          <Card>
            <div class="bar">
              <Choice label={t('month')} value={month} onValue={setDate} options={monthly.map((d) => [d.date, monthText(d.date) + (d.so_far ? ` – ${t('so-far-month')}` : '')])} />
              <Files kind="monthly" args={{ month, site }} />
            </div>
            <Shown of={report}>{(r) => <ul class="tendency">{inLanguage(r.tendency, r.tendency_ja).map((x) => <li>{x}</li>)}</ul>}</Shown>
          </Card>
          {report.data && <MonthBody r={report.data} />}
        </>
      )}
    </Shown>
  );
}

function Times({ of }: { of: [string, Spread][] }) {
  return (
    <Table label={t('speed')} rows={of} id={([name]) => name} empty=""
      columns={[
        { title: t('what'), cell: ([name]) => <b>{name}</b> }, { title: t('cases'), right: true, cell: ([, s]) => number(s.cases) },
        { title: t('median'), right: true, cell: ([, s]) => (s.cases ? duration(s.median_ns / 1e9) : '–') },
        { title: t('p90'), right: true, cell: ([, s]) => (s.cases ? duration(s.p90_ns / 1e9) : '–') },
        { title: t('longest'), right: true, cell: ([, s]) => (s.cases ? duration(s.longest_ns / 1e9) : '–') },
      ]} />
  );
}

const FIGURES: [string, (f: Figures) => number][] = [
  ['alerts', (f) => total(f.alerts)], ['hosts', (f) => f.hosts], ['incidents', (f) => f.incidents], ['cuts', (f) => f.cuts], ['releases', (f) => f.releases],
];

function Techniques({ of }: { of: Monthly['techniques'] }) {
  const tactics = new Map<string, Monthly['techniques']>();
  for (const x of of) tactics.set(x.tactic, [...(tactics.get(x.tactic) ?? []), x]);
  const most = Math.max(1, ...of.map((x) => x.hits));
  const heat = (n: number) => (n > most / 4 ? 'h3' : n > most / 20 ? 'h2' : 'h1');
  return (
    <ul class="matrix">
      {[...tactics].sort(([a], [b]) => TACTICS.indexOf(a) - TACTICS.indexOf(b)).map(([tactic, list]) => (
        <li>
          <h3>{word('tactic', tactic)}</h3>
          <ul>{list.map((x) => <li class={heat(x.hits)}><span>{x.technique}<small>{techniqueName(x.technique)}</small></span> <b>{number(x.hits)}</b></li>)}</ul>
        </li>
      ))}
    </ul>
  );
}

function MonthBody({ r }: { r: Monthly }) {
  const known = r.months.filter((m) => m.known);
  return (
    <>
      {r.advisory && (
        <Card title={t('advisory')}>
          <p class="said">{inLanguage(r.advisory.text, r.advisory.text_ja)}</p>
          <p class="faint">{r.advisory.author} · {t('version', { n: r.advisory.version })} · <Time ns={r.advisory.time_ns} exact /></p>
        </Card>
      )}
      <Card title={t('alerts-by-day')}>
        <Bars label={t('alerts-by-day')} height={170} bars={r.days.map((d, i) => ({ label: dayText(d.day), tick: i % 5 === 0 ? String(Number(d.day.slice(8))) : undefined, value: total(d.alerts), part: d.alerts.high ?? 0 }))} />
        <p class="legend"><i class="bar" />{t('alerts')} <i class="part" />{t('of-high-severity')}</p>
      </Card>
      <div class="columns">
        <Card title={t('against-before')}>
          <Table label={t('against-before')} rows={FIGURES} id={([name]) => name} empty=""
            columns={[
              { title: t('what'), cell: ([name]) => <b>{t(`figure.${name}`)}</b> },
              ...known.slice(0, 4).map((m) => ({ title: monthText(m.month), right: true, cell: ([, of]: (typeof FIGURES)[number]) => number(of(m)) })),
            ]} />
        </Card>
        <Card title={t('speed')}><Times of={[[t('to-detect'), r.detect], [t('to-contain'), r.contain], [t('to-recover'), r.recover]]} /></Card>
      </div>
      <Card title={t('threats')}>
        <Table dense label={t('threats')} rows={r.threats} id={(x) => x.name} empty={t('none')} page={12}
          columns={[
            { title: t('threat'), wide: true, sort: (x) => x.name, cell: (x) => threatName(x.name) }, { title: t('severity'), sort: (x) => severityRank(x.severity), cell: (x) => <Severity of={x.severity} /> },
            { title: t('times'), right: true, sort: (x) => x.hits, cell: (x) => number(x.hits) },
            { title: t('month-before'), right: true, sort: (x) => x.hits_before, cell: (x) => number(x.hits_before) },
            { title: t('change-of'), right: true, sort: (x) => x.hits - x.hits_before, cell: (x) => <Change from={x.hits_before} to={x.hits} /> },
            { title: t('hosts'), right: true, sort: (x) => x.hosts, cell: (x) => number(x.hosts) },
          ]} />
      </Card>
      <Card title={t('hosts')}>
        <Table dense label={t('hosts')} rows={r.hosts} id={(x) => x.site + x.ip + x.name} empty={t('none')} page={12}
          columns={[
            { title: t('host'), sort: (x) => x.name || x.ip, cell: (x) => <><b>{x.name || x.ip}</b><small class="line">{x.ip}</small></> }, { title: t('site'), sort: (x) => x.site, cell: (x) => x.site },
            { title: t('worst'), wide: true, cell: (x) => threatName(x.worst) }, { title: t('alerts'), right: true, sort: (x) => x.hits, cell: (x) => number(x.hits) },
            { title: t('incidents'), right: true, sort: (x) => x.incidents, cell: (x) => number(x.incidents) }, { title: t('figure.days'), right: true, sort: (x) => x.days, cell: (x) => number(x.days) },
            { title: t('network'), cell: (x) => (x.cut_state ? <CutState state={x.cut_state} /> : '–') },
          ]} />
      </Card>
      <Card title={t('attack-seen')}><Techniques of={r.techniques} /></Card>
      <Card title={t('blind')}>
        <Table dense label={t('blind')} rows={r.blind} id={(b) => b.sensor} empty={t('none')}
          columns={[
            { title: t('sensor'), sort: (b) => b.sensor, cell: (b) => <b>{b.sensor}</b> },
            { title: t('lost'), right: true, sort: (b) => b.lost / (b.frames || 1), cell: (b) => share(b.lost, b.frames) },
            { title: t('away-time'), right: true, sort: (b) => b.away_s, cell: (b) => (b.away_s ? duration(b.away_s) : '–') },
            { title: t('mirror'), wide: true, cell: (b) => inLanguage(b.sentence, b.sentence_ja) },
          ]} />
      </Card>
    </>
  );
}

function Change({ from, to }: { from: number; to: number }) {
  if (!from) return to ? <Badge tone="info">{t('is-new')}</Badge> : <>–</>;
  const percent = Math.round(((to - from) / from) * 100);
  return <span class={percent > 20 ? 'bad' : percent < -20 ? 'fine' : 'faint'}>{percent > 0 ? '+' : ''}{percent} %</span>;
}

// ---- the advisory ----

function Editor({ customer, month, last, again }: { customer: string; month: string; last?: Advisory; again: () => void }) {
  const [en, setEn] = useState(last?.text.en ?? '');
  const [ja, setJa] = useState(last?.text.ja ?? '');
  const [error, setError] = useState('');
  const act = async (e: Event) => {
    e.preventDefault();
    setError('');
    try {
      await send('POST', 'advisories', { customer, month, en: en.trim(), ja: ja.trim() });
      say(t('advisory-kept'));
      again();
    } catch (x) {
      setError((x as Error).message);
    }
  };
  return (
    <form onSubmit={act}>
      <div class="grid-form">
        <TextArea label={t('advisory-ja')} value={ja} onValue={setJa} rows={8} lang="ja" maxLength={20000} required />
        <TextArea label={t('advisory-en')} value={en} onValue={setEn} rows={8} lang="en" maxLength={20000} required />
      </div>
      {error && <p class="note bad" role="alert">{error}</p>}
      <div class="actions"><span class="faint">{t('advisory-about')}</span><Button type="submit" kind="main" disabled={!en.trim() || !ja.trim()}>{t('advisory-keep')}</Button></div>
    </form>
  );
}

function AdvisoryPart({ session }: { session: Session }) {
  const customer = chosenCustomer();
  const [date, setDate] = useArg('month');
  const list = useApi<ReportList>('reports' + scoped(), 'state');
  const month = date || (list.data?.monthly[1] ?? list.data?.monthly[0])?.date || '';
  const versions = useApi<{ advisories: Advisory[] }>(customer && month ? 'advisories' + query({ customer, month }) : null, 'reports');
  if (!customer) return <Card><Empty>{t('advisory-choose')}</Empty></Card>;
  return (
    <Shown of={list}>
      {({ monthly }) => (
        <>
          <Card title={t('advisory-of', { name: customerName(customer) })}>
            <Choice label={t('month')} value={month} onValue={setDate} options={monthly.map((d) => [d.date, monthText(d.date)])} />
            <Shown of={versions}>{({ advisories }) => may(session, ANALYSE) && <Editor key={customer + month + advisories.length} customer={customer} month={month} last={advisories[0]} again={versions.again} />}</Shown>
          </Card>
          <Card title={t('versions')}>
            <Shown of={versions}>
              {({ advisories }) => advisories.length === 0 ? <Empty>{t('no-advisory')}</Empty> : (
                <ul class="plain-list">
                  {advisories.map((a) => (
                    <li><Badge tone={a === advisories[0] ? 'good' : 'plain'}>{t('version', { n: a.version })}</Badge> <b>{a.author}</b> · <At time={a.time} exact /><p class="said">{say2(a.text)}</p></li>
                  ))}
                </ul>
              )}
            </Shown>
          </Card>
        </>
      )}
    </Shown>
  );
}
