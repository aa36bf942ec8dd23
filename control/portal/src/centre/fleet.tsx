// The fleet (C7): what runs on each box, enrolment by a code, configuration in reviewed versions with
// what differs, roll-outs in rings that can be paused, stopped and taken back.
import { useEffect, useState } from 'preact/hooks';
import { ADMIN, CHANGE, query, send, type Session } from '../toolkit/api';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { go as goTo, href, useArg } from '../toolkit/route';
import { Ask, Badge, Button, Card, Choice, Code, copyText, Empty, Page, Shown, Table, Tabs, TextArea, TextField, Time, type Column, type Tone } from '../toolkit/ui';
import { may } from '../parts/words';
import { orderRollout, RollOut, scopeText } from './rollout';
import { isVendor, scoped, sitesInScope } from './scope';

interface Box {
  name: string; role: string; site: string; customer: string; ring: string; up: boolean; last_seen: number; certificate_until: number;
  config_version: string; bundle_version: string; pattern_version: string; firmware_version: string; program_version: string;
}
interface EnrolCode { name: string; role: string; site: string; made_by: string; made: number; expires: number; used: number; withdrawn: number; used_from: string }
interface Version { scope: string; version: number; state: string; author: string; made: number; reason: string; reviewer: string; reviewed: number; note: string; body: string }
interface Difference { key: string; from: string | null; to: string | null }
interface Rollout {
  id: number; kind: string; version: string; scope: string; state: string; ring: number; rings: unknown[] | number; why: string; author: string; reason: string;
  made: number; boxes_n: number; in_force: number; refused: number; back: number;
}

const soon = (ns: number): boolean => ns > 0 && ns / 1e6 - Date.now() < 30 * 86400e3;

const BOX_FILTERS: Record<string, (b: Box) => boolean> = { all: () => true, away: (b) => !b.up, sensor: (b) => b.role === 'sensor', mitigator: (b) => b.role === 'mitigator' };

/** A column of versions, if any box tells one. */
function versionColumn(rows: Box[], title: string, of: (b: Box) => string, below: (b: Box) => string = () => ''): Column<Box>[] {
  if (!rows.some((b) => of(b) || below(b))) return [];
  return [{ title, sort: of, cell: (b) => <>{of(b) || '–'}{below(b) && <small class="line">{below(b)}</small>}</> }];
}

function Boxes() {
  const [find, setFind] = useArg('find');
  const [show, setShow] = useArg('show', 'all');
  const list = useApi<{ boxes: Box[] }>('boxes' + scoped(), 'sensors', 'state');
  const wanted = find.trim().toLowerCase();
  return (
    <Card>
      <Shown of={list}>
        {({ boxes }) => {
          const found = boxes.filter((b) => !wanted || `${b.name} ${b.site} ${b.ring} ${b.program_version} ${b.bundle_version}`.toLowerCase().includes(wanted));
          const rows = found.filter(BOX_FILTERS[show] ?? BOX_FILTERS.all);
          return (
            <>
              <Tabs label={t('filter')} value={show} onValue={setShow} options={Object.keys(BOX_FILTERS).map((f) => [f, t(`boxes-show.${f}`), found.filter(BOX_FILTERS[f]).length])} />
              <div class="row-form" role="search"><TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-boxes')} /></div>
              <Table dense label={t('fleet-boxes')} rows={rows} id={(b) => b.name} empty={t('no-box')} page={50}
                columns={[
                  { title: t('state'), sort: (b) => (b.up ? 1 : 0), cell: (b) => <Badge tone={b.up ? 'good' : 'danger'}>{t(b.up ? 'connected' : 'away')}</Badge> },
                  { title: t('name'), sort: (b) => b.name, cell: (b) => <><a class="one-line" href={href('sensors', b.name)}><b>{b.name}</b></a><small class="line">{word('peer', b.role)}</small></> },
                  { title: t('site'), sort: (b) => b.site, cell: (b) => b.site },
                  ...versionColumn(rows, t('ring-group'), (b) => b.ring), ...versionColumn(rows, t('version.program'), (b) => b.program_version), ...versionColumn(rows, t('version.config'), (b) => b.config_version),
                  ...versionColumn(rows, t('version.bundle'), (b) => b.bundle_version, (b) => b.pattern_version), ...versionColumn(rows, t('version.firmware'), (b) => b.firmware_version),
                  ...(rows.some((b) => b.certificate_until) ? [{ title: t('certificate-until'), sort: (b: Box) => b.certificate_until, cell: (b: Box) => <span class={soon(b.certificate_until) ? 'bad' : ''}><Time ns={b.certificate_until} exact /></span> }] : []),
                  { title: t('last-seen'), sort: (b) => b.last_seen, cell: (b) => <Time ns={b.last_seen} /> },
                ]} />
            </>
          );
        }}
      </Shown>
    </Card>
  );
}

// ---- enrolment ----

function NewCode({ again }: { again: () => void }) {
  const [site, setSite] = useState(sitesInScope()[0] ?? '');
  const [role, setRole] = useState('sensor');
  const [made, setMade] = useState<{ code: string; name: string; expires: number } | null>(null);
  const [error, setError] = useState('');
  const act = async (e: Event) => {
    e.preventDefault();
    setError('');
    try {
      setMade(await send('POST', 'enrolments', { site: site.trim(), role }));
      again();
    } catch (x) {
      setError((x as Error).message);
    }
  };
  return (
    <>
      <form class="row-form" onSubmit={act}>
        <TextField label={t('site')} value={site} onValue={setSite} required autocomplete="off" />
        <Choice label={t('role')} value={role} onValue={setRole} options={['sensor', 'mitigator', 'enforcer'].map((r): [string, string] => [r, word('peer', r)])} />
        <Button type="submit" kind="main">{t('code-make')}</Button>
      </form>
      {made && <p class="note">{t('code-once', { name: made.name })} <Code>{made.code}</Code> <Button kind="quiet" onClick={() => copyText(made.code)}>{t('copy')}</Button> <Time ns={made.expires} exact /></p>}
      {error && <p class="note bad" role="alert">{error}</p>}
    </>
  );
}

function codeState(c: EnrolCode): [Tone, string] {
  if (c.used) return ['good', t('code-used')];
  if (c.withdrawn) return ['plain', t('code-withdrawn')];
  return c.expires / 1e6 < Date.now() ? ['plain', t('code-expired')] : ['info', t('code-open')];
}

function Enrolment({ session }: { session: Session }) {
  const list = useApi<{ codes: EnrolCode[] }>('enrolments' + scoped(), 'sensors', 'audit');
  return (
    <Card title={t('enrolment')}>
      <p class="faint">{t('enrolment-about')}</p>
      {isVendor(session) && <NewCode again={list.again} />}
      <Shown of={list}>
        {({ codes }) => (
          <Table dense label={t('enrolment')} rows={codes} id={(c) => c.name + c.made} empty={t('none')} page={30}
            columns={[
              { title: t('state'), cell: (c) => <Badge tone={codeState(c)[0]}>{codeState(c)[1]}</Badge> }, { title: t('name'), sort: (c) => c.name, cell: (c) => <b>{c.name}</b> },
              { title: t('role'), cell: (c) => word('peer', c.role) }, { title: t('site'), sort: (c) => c.site, cell: (c) => c.site },
              { title: t('who'), sort: (c) => c.made_by, cell: (c) => c.made_by }, { title: t('time'), sort: (c) => c.made, cell: (c) => <Time ns={c.made} exact /> },
              { title: t('expires'), sort: (c) => c.expires, cell: (c) => <Time ns={c.expires} exact /> }, { title: t('code-used'), wide: true, cell: (c) => (c.used ? <><Time ns={c.used} exact /> {c.used_from}</> : '–') },
            ]} />
        )}
      </Shown>
    </Card>
  );
}

// ---- configuration ----

function Diff({ scope, from, to }: { scope: string; from: number; to: number }) {
  const diff = useApi<{ diff: Difference[] }>('configurations/diff' + query({ scope, from: String(from), to: String(to) }));
  return (
    <Shown of={diff}>
      {({ diff: rows }) => (
        <Table dense label={t('diff')} rows={rows} id={(d) => d.key} empty={t('no-diff')}
          columns={[{ title: t('setting'), cell: (d) => <Code>{d.key}</Code> }, { title: t('version', { n: from }), cell: (d) => d.from ?? '–' }, { title: t('version', { n: to }), wide: true, cell: (d) => <b>{d.to ?? '–'}</b> }]} />
      )}
    </Shown>
  );
}

const versionTones: Record<string, Tone> = { draft: 'info', approved: 'good', refused: 'danger' };

function Review({ v, again }: { v: Version; again: () => void }) {
  const judge = (approve: boolean) => () => send('POST', 'configurations/review', { scope: v.scope, version: v.version, approve });
  return (
    <div class="actions tight">
      <Ask button={t('approve')} kind="main" title={t('review-of', { scope: scopeText(v.scope), n: v.version })} confirm={t('approve')} reasonless onDo={judge(true)} done={again}><Diff scope={v.scope} from={v.version - 1} to={v.version} /></Ask>
      <Ask button={t('refuse')} title={t('review-of', { scope: scopeText(v.scope), n: v.version })} confirm={t('refuse')} reasonless onDo={judge(false)} done={again}><Diff scope={v.scope} from={v.version - 1} to={v.version} /></Ask>
    </div>
  );
}

/** A new version; an older one's text makes it a roll-back. */
function Write({ first, button, again }: { first?: Version; button: string; again: () => void }) {
  const [scope, setScope] = useState(first?.scope ?? 'fleet');
  const [body, setBody] = useState(first?.body ?? '');
  return (
    <Ask button={button} kind={first ? 'quiet' : 'main'} title={button} confirm={t('version-write')} done={again}
      onDo={(reason) => send('PUT', 'configurations', { scope: scope.trim(), body, reason })}>
      <p>{t('version-about')}</p>
      <TextField label={t('config-scope')} value={scope} onValue={setScope} required help={t('config-scope-help')} autocomplete="off" />
      <TextArea label={t('settings')} value={body} onValue={setBody} rows={8} class="mono" spellcheck={false} />
    </Ask>
  );
}

function Configurations({ session }: { session: Session }) {
  const list = useApi<{ configurations: Version[] }>('configurations' + scoped(), 'audit', 'state');
  const [open, setOpen] = useState('');
  const mine = may(session, CHANGE);
  return (
    <Card title={t('configurations')} tools={mine && <Write button={t('version-new')} again={list.again} />}>
      <Shown of={list}>
        {({ configurations: rows }) => {
          const shown = rows.find((v) => `${v.scope} ${v.version}` === open);
          return (
            <>
              <Table dense label={t('configurations')} rows={rows} id={(v) => `${v.scope} ${v.version}`} empty={t('none')} page={30}
                columns={[
                  { title: t('config-scope'), sort: (v) => v.scope, cell: (v) => <b>{scopeText(v.scope)}</b> }, { title: t('version-number'), right: true, sort: (v) => v.version, cell: (v) => number(v.version) },
                  { title: t('state'), sort: (v) => v.state, cell: (v) => <Badge tone={versionTones[v.state] ?? 'plain'}>{word('config-state', v.state)}</Badge> },
                  { title: t('who'), sort: (v) => v.author, cell: (v) => <>{v.author}{v.reviewer && <small class="line">{t('reviewed-by', { name: v.reviewer })}</small>}</> },
                  { title: t('time'), sort: (v) => v.made, cell: (v) => <Time ns={v.made} exact /> }, { title: t('reason'), wide: true, cell: (v) => v.reason },
                  { title: '', cell: (v) => (
                    <div class="actions tight">
                      <Button kind="quiet" onClick={() => setOpen(`${v.scope} ${v.version}`)}>{t('diff')}</Button>
                      {mine && v.state === 'draft' && v.author !== session.name && <Review v={v} again={list.again} />}
                      {mine && v.state === 'approved' && <Write key={v.scope + v.version} first={v} button={t('version-again')} again={list.again} />}
                    </div>
                  ) },
                ]} />
              {shown && <><h3>{t('review-of', { scope: scopeText(shown.scope), n: shown.version })}</h3><Diff key={open} scope={shown.scope} from={shown.version - 1} to={shown.version} /></>}
            </>
          );
        }}
      </Shown>
    </Card>
  );
}

// ---- roll-outs ----

const rolloutTones: Record<string, Tone> = { running: 'info', paused: 'caution', stopped: 'danger', 'rolling-back': 'warning', 'taken-back': 'plain', done: 'good' };
const WHYS: [RegExp, string][] = [
  [/^a newer one took its place$/, 'newer'], [/^by (?<name>.*?): (?<why>.*)$/, 'person'], [/^stopped by itself, (?<n>\d+) of (?<all>\d+) boxes are worse: (?<why>.*)$/, 'worse'],
];

/** The engine's sentences in the reader's language; what a person or a box said, as it is. */
function whyText(why: string): string {
  for (const [pattern, key] of WHYS) {
    const m = pattern.exec(why);
    if (m) return t(`why.${key}`, { ...m.groups });
  }
  return why;
}

/** All that had it have gone back. */
const stateOf = (r: Rollout): string => (r.state === 'rolling-back' && r.in_force === 0 ? 'taken-back' : r.state);
const ORDERS: Record<string, string[]> = { running: ['pause', 'stop', 'back'], paused: ['resume', 'stop', 'back'], stopped: ['back'], done: ['back'] };

interface BoxStep { box: string; ring: number; step: string; offered: number; settled: number; text: string }
const stepTones: Record<string, Tone> = { 'in-force': 'good', refused: 'danger', offered: 'info', 'going-back': 'warning', back: 'plain', 'back-failed': 'danger' };

/** Each box of one roll-out, as it goes on. */
function Progress({ id }: { id: number }) {
  const one = useApi<{ rollout: Rollout & { boxes: BoxStep[] } }>(`rollouts/${id}`);
  useEffect(() => {
    const timer = setInterval(one.again, 2000);
    return () => clearInterval(timer);
  }, [one.again]);
  return (
    <Shown of={one}>
      {({ rollout: r }) => (
        <Table dense label={t('rollout-of', { name: r.version })} rows={r.boxes} id={(b) => b.box} empty={t('no-box')} page={50}
          columns={[
            { title: t('name'), sort: (b) => b.box, cell: (b) => <b>{b.box}</b> }, { title: t('ring'), right: true, sort: (b) => b.ring, cell: (b) => number(b.ring) },
            { title: t('state'), sort: (b) => b.step, cell: (b) => <Badge tone={stepTones[b.step] ?? 'plain'}>{word('box-step', b.step)}</Badge> },
            { title: t('time'), sort: (b) => b.settled || b.offered, cell: (b) => <Time ns={b.settled || b.offered} exact /> }, { title: t('told-by-box'), wide: true, cell: (b) => b.text || '–' },
          ]} />
      )}
    </Shown>
  );
}

/** Nobody tells of each box's step: what goes on is asked for now and then. */
function useGoingOn(rollouts: Rollout[] | undefined, again: () => void): void {
  const busy = rollouts?.some((r) => ['running', 'rolling-back'].includes(r.state)) ?? false;
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(again, 3000);
    return () => clearInterval(timer);
  }, [busy, again]);
}

function Rollouts({ session }: { session: Session }) {
  const list = useApi<{ rollouts: Rollout[] }>('rollouts', 'state', 'sensors', 'audit');
  const [open, setOpen] = useState(0);
  const mine = may(session, CHANGE);
  useGoingOn(list.data?.rollouts, list.again);
  return (
    <Card title={t('rollouts')} tools={mine && <RollOut again={list.again} />}>
      <Shown of={list}>
        {({ rollouts }) => rollouts.length === 0 ? <Empty>{t('no-rollout')}</Empty> : <>
          <Table dense label={t('rollouts')} rows={rollouts} id={(r) => String(r.id)} empty="" page={30}
            columns={[
              { title: t('state'), sort: (r) => r.state, cell: (r) => <><Badge tone={rolloutTones[stateOf(r)] ?? 'plain'}>{word('rollout', stateOf(r))}</Badge>{r.why && <small class="line">{whyText(r.why)}</small>}</> },
              { title: t('what'), cell: (r) => <><b>{word('version', r.kind)} {r.version}</b><small class="line">{scopeText(r.scope)}</small></> },
              { title: t('ring'), right: true, cell: (r) => `${number(r.ring)} / ${Array.isArray(r.rings) ? r.rings.length : r.rings}` },
              { title: t('in-force'), right: true, cell: (r) => `${number(r.in_force)} / ${number(r.boxes_n)}` }, { title: t('refused-n'), right: true, cell: (r) => <span class={r.refused ? 'bad' : 'faint'}>{number(r.refused)}</span> },
              { title: t('who'), cell: (r) => <>{r.author}<small class="line">{r.reason}</small></> }, { title: t('time'), sort: (r) => r.made, cell: (r) => <Time ns={r.made} exact /> },
              { title: '', cell: (r: Rollout) => (
                <div class="actions tight">
                  <Button kind="quiet" aria-expanded={open === r.id} onClick={() => setOpen(open === r.id ? 0 : r.id)}>{t('fleet-boxes')}</Button>
                  {mine && (ORDERS[r.state] ?? []).map((o) => (
                    <Ask key={o} button={word('rollout-order', o)} kind="quiet" danger={o !== 'resume'} title={`${word('rollout-order', o)}: ${r.version}`} confirm={word('rollout-order', o)} done={list.again}
                      onDo={orderRollout(r.id, o)} />
                  ))}
                </div>
              ) },
            ]} />
          {open > 0 && <><h3>{t('boxes-of', { name: rollouts.find((r) => r.id === open)?.version ?? '' })}</h3><Progress key={open} id={open} /></>}
        </>}
      </Shown>
    </Card>
  );
}

export function Fleet({ session, tab: first }: { session: Session; tab?: string }) {
  const tab = first ?? 'boxes', setTab = (v: string) => goTo('fleet', v);
  const tabs: [string, string][] = [['boxes', t('fleet-boxes')], ...(may(session, CHANGE) || may(session, ADMIN) ? [['enrolment', t('enrolment')] as [string, string]] : []),
    ['configurations', t('configurations')], ...(isVendor(session) ? [['rollouts', t('rollouts')] as [string, string]] : [])];
  return (
    <Page title={t('fleet')}>
      <Card><Tabs label={t('kind')} value={tab} onValue={setTab} options={tabs} /></Card>
      {tab === 'boxes' && <Boxes />}
      {tab === 'enrolment' && <Enrolment session={session} />}
      {tab === 'configurations' && <Configurations session={session} />}
      {tab === 'rollouts' && <Rollouts session={session} />}
    </Page>
  );
}
