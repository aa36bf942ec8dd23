// Incidents of every site: to find one among many; and one: how it came in, what happened, what to
// do, what the analysts say of it.
import { useState } from 'preact/hooks';
import { ANALYSE, CHANGE, part, send, type Session } from '../toolkit/api';
import { nsOf, number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { Ask, At, Badge, Button, Card, Choice, Empty, Facts, Level, Page, say, Shown, ShownPage, Table, Tabs, TextArea, TextField, type Tone } from '../toolkit/ui';
import { inLanguage, may, Technique } from '../parts/words';
import { threatName } from '../parts/threats';
import { CollectAsk, useMandates } from './samples';
import { Packets } from './evidence';
import type { Alert, Incident, IncidentFull } from './data';
import { isMixed, isVendor, scoped } from './scope';
import { HostOf, levelRank, mayMore, ofPair, say2, Severity, severityRank, Signed, SiteChoice, titleOf, useLong, Where, whereOf } from './shared';

const verdictTones: Record<string, Tone> = { 'true-positive': 'danger', 'false-positive': 'good', benign: 'good', unclear: 'caution' };
const VERDICTS = ['true-positive', 'false-positive', 'benign', 'unclear'];

function VerdictOf({ verdict }: { verdict?: string }) {
  return verdict ? <Badge tone={verdictTones[verdict] ?? 'plain'}>{word('verdict', verdict)}</Badge> : <span class="faint">{t('no-verdict')}</span>;
}

/** `own`: of the one host that the page is about. */
export function IncidentTable({ rows, empty, page, own, picked, onPick }: { rows: Incident[]; empty: string; page?: number; own?: boolean; picked?: Set<string>; onPick?: (ids: Set<string>) => void }) {
  return (
    <Table dense label={t('incidents')} rows={rows} id={(i) => i.id} empty={empty} page={page} selected={picked} onSelect={onPick}
      columns={[
        { title: t('level'), sort: (i) => levelRank(i.level), cell: (i) => <Level level={i.level} /> },
        { title: t('incident'), wide: true, sort: (i) => titleOf(i.title), cell: (i) => <><a href={href('incidents', i.id)}><b>{titleOf(i.title)}</b></a><small class="line">{say2(i.root_cause)}</small></> },
        ...(own ? [] : [
          { title: t('host'), sort: (i: Incident) => i.host_name || i.host, cell: (i: Incident) => <HostOf site={i.site} host={i.host_id} name={i.host_name} ip={i.host} /> },
          { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (i: Incident) => <Where {...i} /> },
        ]),
        { title: t('state'), sort: (i) => i.state, cell: (i) => <span class="one-line">{word('incident-state', i.state)}</span> },
        { title: t('verdict'), sort: (i) => i.verdict ?? '', cell: (i) => <span class="one-line"><VerdictOf verdict={i.verdict} /></span> },
        { title: t('began'), sort: (i) => nsOf(i.opened), cell: (i) => <At time={i.opened} /> },
        { title: t('last-sign'), sort: (i) => nsOf(i.last), cell: (i) => <At time={i.last} /> },
      ]} />
  );
}

export function Incidents({ session }: { session: Session }) {
  const [picked, setPicked] = useState<Set<string>>(new Set());
  const judges = may(session, ANALYSE);
  const [state, setState] = useArg('state', 'open');
  const [level, setLevel] = useArg('level');
  const [verdict, setVerdict] = useArg('verdict');
  const [find, setFind] = useArg('find');
  const [site] = useArg('site');
  const list = useLong<Incident>('incidents' + scoped({ site, open: state === 'open', most: 200 }), 'incidents', (i) => i.id, 'incidents');
  const wanted = find.trim().toLowerCase();
  const rows = list.rows.filter((i) =>
    (state !== 'closed' || !!i.closed) && (!level || levelRank(i.level) >= levelRank(level)) &&
    (!verdict || (verdict === 'none' ? !i.verdict : i.verdict === verdict)) &&
    (!wanted || `${i.host} ${i.host_name} ${titleOf(i.title)} ${say2(i.root_cause)} ${i.site}`.toLowerCase().includes(wanted)));
  return (
    <Page title={t('incidents')}>
      <Card>
        <Tabs label={t('filter')} value={state} onValue={setState} options={[['open', t('filter.open')], ['closed', t('filter.over')], ['all', t('filter.all')]]} />
        <div class="row-form" role="search">
          <TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-incidents')} />
          <Choice label={t('level')} value={level} onValue={setLevel} options={[['', t('all')], ...['caution', 'warning', 'danger'].map((l): [string, string] => [l, t('and-above', { level: word('level', l) })])]} />
          <Choice label={t('verdict')} value={verdict} onValue={setVerdict} options={[['', t('all')], ['none', t('no-verdict')], ...VERDICTS.map((v): [string, string] => [v, word('verdict', v)])]} />
          <SiteChoice />
        </div>
        <Shown of={list.of}>
          {() => (
            <>
              <div class="bar">
                <p class="faint" role="status">{t('n-found', { n: number(rows.length) })}</p>
                {judges && picked.size > 0 && <VerdictAsk of={rows.filter((i) => picked.has(i.id))} again={() => { setPicked(new Set()); list.of.again(); }} />}
              </div>
              <IncidentTable rows={rows} empty={t('no-incident')} page={50} picked={judges ? picked : undefined} onPick={judges ? setPicked : undefined} />
              {list.more && <div class="actions"><Button onClick={list.more}>{t('older')}</Button></div>}
            </>
          )}
        </Shown>
      </Card>
    </Page>
  );
}

// ---- one ----

/** Of one, or of those that were picked. */
function VerdictAsk({ of, again }: { of: Incident[]; again: () => void }) {
  const [verdict, setVerdict] = useState(of[0]?.verdict || 'true-positive');
  const [text, setText] = useState('');
  return (
    <Ask button={of.length === 1 ? t('verdict-give') : t('verdict-give-n', { n: of.length })} kind="main" title={t('verdict-give')} confirm={t('verdict-keep')} reasonless
      onDo={async () => {
        for (const i of of) await send('POST', `incidents/${part(i.id)}/verdict`, { verdict, text: text.trim() });
      }}
      done={() => {
        say(t('verdict-kept'));
        setText('');
        again();
      }}>
      <ul class="names">{of.slice(0, 10).map((i) => <li>{titleOf(i.title)} – {i.host_name || i.host}</li>)}{of.length > 10 && <li>{t('and-more', { n: of.length - 10 })}</li>}</ul>
      <Choice label={t('verdict')} value={verdict} onValue={setVerdict} help={t(`verdict-help.${verdict}`)}
        options={VERDICTS.map((v): [string, string] => [v, word('verdict', v)])} />
      <TextArea label={t('verdict-why')} value={text} onValue={setText} required minLength={3} maxLength={2000} />
    </Ask>
  );
}

function Notes({ i, session, again }: { i: IncidentFull; session: Session; again: () => void }) {
  const [text, setText] = useState('');
  const [error, setError] = useState('');
  const act = async (e: Event) => {
    e.preventDefault();
    setError('');
    try {
      await send('POST', `incidents/${part(i.id)}/notes`, { text: text.trim() });
      say(t('note-kept'));
      setText('');
      again();
    } catch (x) {
      setError((x as Error).message);
    }
  };
  const all = [...(i.notes ?? []).map((n) => ({ ...n, verdict: '' })), ...(i.verdicts ?? [])].sort((a, b) => nsOf(b.time) - nsOf(a.time));
  return (
    <Card title={t('notes')}>
      {all.length === 0 ? <Empty>{t('no-note')}</Empty> : (
        <ul class="plain-list">
          {all.map((n) => <li>{n.verdict && <VerdictOf verdict={n.verdict} />}<p class="said">{n.text}</p><Signed who={n.who} time={n.time} /></li>)}
        </ul>
      )}
      {mayMore(session) && (
        <form onSubmit={act}>
          <TextArea label={t('note-new')} value={text} onValue={setText} required minLength={2} maxLength={4000} help={t('note-help')} />
          {error && <p class="note bad" role="alert">{error}</p>}
          <div class="actions"><Button type="submit">{t('note-add')}</Button></div>
        </form>
      )}
    </Card>
  );
}

function Steps({ i }: { i: IncidentFull }) {
  if (i.steps.length === 0) return <Empty>{t('none')}</Empty>;
  return (
    <ol class="steps">
      {i.steps.map((s) => (
        <li class={i.level}>
          <div class="step-head">{s.time && <At time={s.time} exact />}{s.stage && <Badge>{word('stage', s.stage)}</Badge>}{s.technique && <Technique id={s.technique} />}
            {(s.hits ?? 1) > 1 && <span class="faint">× {number(s.hits!)}</span>}</div>
          <p>{say2(s)}</p>
        </li>
      ))}
    </ol>
  );
}

/** Alerts that do not say their site are of the one host that the page is about. */
export function AlertTable({ rows, label }: { rows: Alert[]; label: string }) {
  return (
    <Table dense label={label} rows={rows} id={(a) => a.id} empty={t('none')} page={25}
      columns={[
        { title: t('time'), sort: (a) => nsOf(a.time), cell: (a) => <At time={a.time} exact /> },
        { title: t('severity'), sort: (a) => severityRank(a.severity), cell: (a) => <Severity of={a.severity} /> },
        { title: t('threat'), wide: true, sort: (a) => a.msg, cell: (a) => <><a href={href('detections', String(a.gid), String(a.sid))}>{threatName(a.msg)}</a><small class="line">{ofPair(a.reasons)}</small></> },
        ...(rows.some((a) => a.site) ? [{ title: t('host'), sort: (a: Alert) => a.name || a.ip, cell: (a: Alert) => <HostOf site={a.site!} host={a.ip} name={a.name} ip={a.ip} mac={a.mac} /> }] : []),
        { title: t('peer-address'), cell: (a) => a.peer_ip || '–' },
        { title: t('techniques'), cell: (a) => (a.techniques ?? []).filter(Boolean).map((x) => <Technique id={x} />) },
      ]} />
  );
}

/** A sample of its host, of what the site's mandate lets leave. */
function Collect({ i }: { i: IncidentFull }) {
  const mandates = useMandates();
  const types = mandates.data?.mandates.find((m) => m.site === i.site)?.mandate?.file_types ?? [];
  return mandates.data ? <CollectAsk key={types.join()} incident={i} types={types} /> : null;
}

export function OneIncident({ id, session }: { id: string; session: Session }) {
  const found = useApi<IncidentFull>(`incidents/${part(id)}`, 'incidents', 'cuts', 'alerts');
  return (
    <ShownPage of={found} title={t('incident')}>
      {(i) => (
        <Page title={titleOf(i.title)} tools={<>{may(session, CHANGE) && !i.closed && <Collect i={i} />}{may(session, ANALYSE) && <VerdictAsk key={i.verdict} of={[i]} again={found.again} />}</>}>
          <Card>
            <p class="big"><Level level={i.level} /> <HostOf site={i.site} host={i.host_id} name={i.host_name} ip={i.host} mac={i.host_mac} /> <VerdictOf verdict={i.verdict} /></p>
            <h2 class="over">{t('root-cause')}</h2>
            <p class="cause">{say2(i.root_cause) || t('root-cause-unknown')}</p>
            <Facts of={[
              [t(isVendor(session) ? 'customer-site' : 'site'), <Where customer={i.customer} site={i.site} />],
              [t('state'), word('incident-state', i.state)],
              [t('risk'), `${Math.round(i.risk * 100)} %`], [t('began'), <At time={i.opened} exact />], [t('last-sign'), <At time={i.last} exact />],
              [t('attacker'), i.attacker], [t('victim'), i.victim],
              [t('techniques'), i.techniques?.length ? <>{i.techniques.map((x) => <Technique id={x} />)}</> : ''],
              [t('affected'), i.affected.length ? <>{i.affected.map((x) => <><a href={href('hosts', i.site, x)}>{x}</a> </>)}</> : ''],
              [t('linked'), i.linked.length ? <>{i.linked.map((x) => <><a href={href('incidents', x)}>{x}</a> </>)}</> : ''],
              [t('closed'), i.closed ? <At time={i.closed} exact /> : ''],
            ]} />
          </Card>
          <div class="columns">
            <Card title={t('handling')}><ol class="handling">{inLanguage(i.handling.en, i.handling.ja).map((x) => <li>{x}</li>)}</ol></Card>
            <Card title={t('steps')}><Steps i={i} /></Card>
            <Notes i={i} session={session} again={found.again} />
            <Packets i={i} session={session} />
          </div>
          <Card title={t('alert-list')}><AlertTable rows={i.alerts} label={t('alert-list')} /></Card>
        </Page>
      )}
    </ShownPage>
  );
}
