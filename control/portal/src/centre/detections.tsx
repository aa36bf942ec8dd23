// What was detected, by threat: how often, on how many hosts, whether it grows; and the one step that
// tunes a rule, with what it would have removed.
import { useState } from 'preact/hooks';
import { CHANGE, part, send, type Session } from '../toolkit/api';
import { Bars, Spark, type Bar } from '../toolkit/chart';
import { nsOf, number, percent, shortDay, shortMoment, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { Ask, At, Button, Card, Choice, Empty, Facts, Page, Shown, Table, TextField } from '../toolkit/ui';
import { may, Technique } from '../parts/words';
import { className, threatName } from '../parts/threats';
import type { Alert, Detection, Overview, Preview } from './data';
import { useSettled } from './hosts';
import { AlertTable } from './incidents';
import { Orders } from './orders';
import { scoped, sitesInScope } from './scope';
import { Severity, severityRank, SiteChoice, tell, timeText, useLong } from './shared';

function PreviewOf({ gid, sid, site, host, dst }: { gid: number; sid: number; site: string; host: string; dst: string }) {
  const preview = useApi<Preview>(`detections/${gid}/${sid}/preview` + scoped({ site, host: useSettled(host), dst: useSettled(dst) }));
  if (preview.error) return <p class="note bad" role="alert">{preview.error}</p>;
  if (!preview.data) return <p class="loading">{t('loading')}</p>;
  const p = preview.data;
  return (
    <div class="preview" aria-live="polite">
      <p class={`note ${p.removed === p.of && p.of ? 'bad' : ''}`}>{t('preview-text', { removed: number(p.removed), total: number(p.of), days: 30 })}</p>
      {p.hosts.length > 0 && (
        <Table dense label={t('preview')} rows={p.hosts.slice(0, 6)} id={(m) => m.site + m.ip} empty=""
          columns={[
            { title: t('host'), cell: (m) => m.name || m.ip }, { title: t('address'), cell: (m) => m.ip }, { title: t('site'), cell: (m) => m.site },
            { title: t('alerts'), right: true, cell: (m) => number(m.n) },
          ]} />
      )}
    </div>
  );
}

export function TuneAsk({ button, title, gid, sid, site: first, host: firstHost, kind = '', also, done }: {
  button: string; title: string; gid: number; sid: number; site?: string; host?: string; kind?: '' | 'main';
  also?: (reason: string) => Promise<unknown>; done: (answer: unknown) => void;
}) {
  const [site, setSite] = useState(first ?? sitesInScope()[0] ?? '');
  const [host, setHost] = useState(firstHost ?? '');
  const [dst, setDst] = useState('');
  const [never, setNever] = useState('alert');
  const [days, setDays] = useState('30');
  const make = async (reason: string) => {
    const until = days === '0' ? undefined : timeText(Date.now() + Number(days) * 86400e3);
    const answer = await send('POST', 'exceptions', { site, rule: `${gid}:${sid}`, source: host.trim(), destination: dst.trim(), never, until, reason });
    await also?.(reason);
    return answer;
  };
  return (
    <Ask button={button} kind={kind} title={title} confirm={t('exception-make')} onDo={make} done={done}>
      <p>{t('tune-about', { rule: `${gid}:${sid}` })}</p>
      <div class="grid-form">
        <Choice label={t('site')} value={site} onValue={setSite} options={sitesInScope().map((s): [string, string] => [s, s])} />
        <Choice label={t('never')} value={never} onValue={setNever} options={[['alert', t('never.alert')], ['block', t('never.block')]]} />
        <TextField label={t('host')} value={host} onValue={setHost} placeholder={t('any')} autocomplete="off" />
        <TextField label={t('destination')} value={dst} onValue={setDst} placeholder={t('any')} autocomplete="off" />
        <Choice label={t('until')} value={days} onValue={setDays}
          options={[...['1', '7', '30', '90'].map((n): [string, string] => [n, t('days', { n })]), ['0', t('for-ever')]]} />
      </div>
      <PreviewOf gid={gid} sid={sid} site={site} host={host} dst={dst} />
    </Ask>
  );
}

const SPANS: [string, string][] = [['1', '1'], ['7', '7'], ['30', '30'], ['90', '90']];
const since = (days: string): string => timeText(Math.floor(Date.now() / 3600e3) * 3600e3 - Number(days) * 86400e3);

const BARS = 48;

/** All alerts of the scope, by hours or days; high severity in red. */
function OverTime({ days, site }: { days: string; site: string }) {
  const data = useApi<Overview>('overview' + scoped({ site, from: since(days), to: timeText(Math.ceil(Date.now() / 3600e3) * 3600e3) }), 'alerts');
  return (
    <Shown of={data}>
      {({ timeline: line }) => {
        const steps = line.sites[0]?.alerts.length ?? 0, per = Math.max(1, Math.ceil(steps / BARS));
        const sum = (key: 'alerts' | 'danger', i: number) => line.sites.reduce((n, s) => n + s[key].slice(i * per, (i + 1) * per).reduce((a, b) => a + b, 0), 0);
        const n = Math.ceil(steps / per), every = Math.max(1, Math.ceil(n / 6));
        const bars = Array.from({ length: n }, (_, i): Bar => {
          const label = (Number(days) > 2 ? shortDay : shortMoment)(nsOf(line.from) + i * per * line.step_s * 1e9);
          return { label, tick: i % every === Math.floor(every / 2) && i < n - 1 ? label : undefined, value: sum('alerts', i), part: sum('danger', i), now: i === n - 1 };
        });
        return (
          <>
            <Bars label={t('alerts-over-time')} bars={bars} />
            <p class="legend" aria-hidden="true"><i class="bar" />{t('alerts')} <i class="part" />{t('dangerous')}</p>
          </>
        );
      }}
    </Shown>
  );
}

export function Detections({ session }: { session: Session }) {
  const [days, setDays] = useArg('days', '30');
  const [severity, setSeverity] = useArg('severity');
  const [find, setFind] = useArg('find');
  const [site] = useArg('site');
  const list = useApi<{ detections: Detection[]; days?: number[]; danger?: number[] }>('detections' + scoped({ site, from: since(days) }), 'alerts');
  const wanted = find.trim().toLowerCase();
  const fits = (d: Detection) => (!severity || severityRank(d.severity) >= severityRank(severity)) &&
    (!wanted || `${d.msg} ${d.gid}:${d.sid} ${d.category} ${d.technique} ${d.tactic}`.toLowerCase().includes(wanted));
  return (
    <Page title={t('detections')}>
      <Card title={t('alerts-over-time')}><OverTime days={days} site={site} /></Card>
      <Card>
        <div class="row-form" role="search">
          <TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-threats')} />
          <Choice label={t('span')} value={days} onValue={setDays} options={SPANS.map(([v, n]): [string, string] => [v, n === '1' ? t('hours', { n: 24 }) : t('days', { n })])} />
          <Choice label={t('severity')} value={severity} onValue={setSeverity} options={[['', t('all')], ...['low', 'medium', 'high'].map((s): [string, string] => [s, t('and-above', { level: word('severity', s) })])]} />
          <SiteChoice />
        </div>
        <Shown of={list}>
          {({ detections }) => {
            const rows = detections.filter(fits), all = rows.reduce((n, d) => n + d.n, 0);
            return (
              <>
                <p class="faint" role="status">{t('tally', { threats: number(rows.length), alerts: number(all) })}</p>
                <Table dense label={t('detections')} rows={rows} id={(d) => `${d.gid}:${d.sid}:${d.msg}`} empty={t('quiet')} page={50}
                  columns={[
                    { title: t('severity'), sort: (d) => severityRank(d.severity), cell: (d) => <Severity of={d.severity} /> },
                    { title: t('threat'), wide: true, sort: (d) => d.msg, cell: (d) => <><a href={href('detections', String(d.gid), String(d.sid))}><b>{threatName(d.msg)}</b></a><small class="line">{d.gid}:{d.sid}</small></> },
                    ...(rows.some((d) => (d.days?.length ?? 0) > 2) ? [{ title: t('trend'), cell: (d: Detection) => <Spark label={threatName(d.msg)} values={d.days ?? []} /> }] : []),
                    { title: t('alerts'), right: true, sort: (d) => d.n, cell: (d) => number(d.n) },
                    { title: t('share'), right: true, sort: (d) => d.n, cell: (d) => percent(all ? d.n / all : 0) },
                    { title: t('hosts'), right: true, sort: (d) => d.hosts, cell: (d) => number(d.hosts) },
                    { title: t('sites'), right: true, sort: (d) => d.sites, cell: (d) => number(d.sites) },
                    { title: t('techniques'), sort: (d) => d.technique, cell: (d) => d.technique && <Technique id={d.technique} /> },
                    { title: t('last-sign'), sort: (d) => nsOf(d.last), cell: (d) => <At time={d.last} /> },
                    ...(may(session, CHANGE) ? [{ title: '', cell: (d: Detection) => <TuneAsk key={`${d.gid}:${d.sid}`} button={t('tune')} title={t('tune-of', { name: threatName(d.msg) })} gid={d.gid} sid={d.sid} site={site || undefined} done={(r) => tell('exception-made', d.msg, r)} /> }] : []),
                  ]} />
              </>
            );
          }}
        </Shown>
      </Card>
      <Orders act="except" title={t('exceptions-asked')} />
    </Page>
  );
}

/** Days without any are days, too. The API counts them by UTC. */
function byDay(days: Preview['days'], n: number): Bar[] {
  const counts = new Map(days.map((d) => [d.day.slice(0, 10), d.n]));
  return Array.from({ length: n }, (_, i) => {
    const ms = Date.now() - (n - 1 - i) * 86400e3, label = shortDay(ms * 1e6);
    return { label, tick: i % 15 === 7 ? label : undefined, value: counts.get(new Date(ms).toISOString().slice(0, 10)) ?? 0, now: i === n - 1 };
  });
}

export function OneDetection({ gid, sid, session }: { gid: string; sid: string; session: Session }) {
  const all = useApi<{ detections: Detection[] }>('detections' + scoped({ from: since('90') }), 'alerts');
  const list = useLong<Alert>('alerts' + scoped({ gid, sid, most: 100 }), 'alerts', (a) => a.id, 'alerts');
  const mine = all.data?.detections.find((d) => String(d.gid) === gid && String(d.sid) === sid);
  const title = threatName(mine?.msg ?? `${gid}:${sid}`);
  const trend = useApi<Preview>(`detections/${part(gid)}/${part(sid)}/preview` + scoped({ from: since('90') }), 'alerts');
  return (
    <Page title={title} tools={may(session, CHANGE) && <TuneAsk button={t('tune')} kind="main" title={t('tune-of', { name: title })} gid={Number(gid)} sid={Number(sid)} done={(r) => tell('exception-made', title, r)} />}>
      <Shown of={all}>
        {() => !mine ? <Card><Empty>{t('quiet')}</Empty></Card> : (
          <Card>
            <p class="big"><Severity of={mine.severity} /> {mine.technique && <Technique id={mine.technique} />}</p>
            <Facts of={[
              [t('rule'), `${gid}:${sid}`], [t('category'), className(mine.category ?? '')], [t('alerts-in', { days: 90 }), number(mine.n)], [t('hosts'), number(mine.hosts)], [t('sites'), number(mine.sites)],
              [t('first'), <At time={mine.first} exact />], [t('last-sign'), <At time={mine.last} exact />],
            ]} />
          </Card>
        )}
      </Shown>
      <Card title={t('trend')}><Shown of={trend}>{(p) => <Bars label={t('trend')} bars={byDay(p.days, 90)} />}</Shown></Card>
      <Card title={t('alert-list')}>
        <Shown of={list.of}>{() => <><AlertTable rows={list.rows} label={t('alert-list')} />{list.more && <div class="actions"><Button onClick={list.more}>{t('older')}</Button></div>}</>}</Shown>
      </Card>
    </Page>
  );
}
