// The fleet (C7): what runs on each box, enrolment by a code, configuration in reviewed versions with
// what differs, roll-outs in rings that can be paused, stopped and taken back.
import { useState } from 'preact/hooks';
import { ADMIN, CHANGE, part, query, send, type Session } from '../toolkit/api';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { useArg } from '../toolkit/route';
import { Ask, Badge, Button, Card, Choice, Code, copyText, Empty, Page, say, Shown, Table, Tabs, TextArea, TextField, Time, type Tone } from '../toolkit/ui';
import { may } from '../parts/words';
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

function Boxes() {
  const list = useApi<{ boxes: Box[] }>('boxes' + scoped(), 'sensors', 'state');
  return (
    <Card>
      <Shown of={list}>
        {({ boxes }) => (
          <Table dense label={t('fleet-boxes')} rows={boxes} id={(b) => b.name} empty={t('no-box')} page={100}
            columns={[
              { title: t('state'), sort: (b) => (b.up ? 1 : 0), cell: (b) => <Badge tone={b.up ? 'good' : 'danger'}>{t(b.up ? 'connected' : 'away')}</Badge> },
              { title: t('name'), sort: (b) => b.name, cell: (b) => <><b class="one-line">{b.name}</b><small class="line">{word('peer', b.role)}</small></> },
              { title: t('site'), sort: (b) => b.site, cell: (b) => b.site }, { title: t('ring-group'), sort: (b) => b.ring, cell: (b) => b.ring || '–' },
              { title: t('version.program'), sort: (b) => b.program_version, cell: (b) => b.program_version || '–' },
              { title: t('version.config'), sort: (b) => b.config_version, cell: (b) => b.config_version || '–' },
              { title: t('version.bundle'), sort: (b) => b.bundle_version, cell: (b) => b.bundle_version || '–' },
              { title: t('version.firmware'), sort: (b) => b.firmware_version, cell: (b) => b.firmware_version || '–' },
              { title: t('certificate-until'), sort: (b) => b.certificate_until, cell: (b) => <span class={soon(b.certificate_until) ? 'bad' : ''}><Time ns={b.certificate_until} exact /></span> },
              { title: t('last-seen'), sort: (b) => b.last_seen, cell: (b) => <Time ns={b.last_seen} /> },
            ]} />
        )}
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
      <Ask button={t('approve')} kind="main" title={t('review-of', { scope: v.scope, n: v.version })} confirm={t('approve')} reasonless onDo={judge(true)} done={again}><Diff scope={v.scope} from={v.version - 1} to={v.version} /></Ask>
      <Ask button={t('refuse')} title={t('review-of', { scope: v.scope, n: v.version })} confirm={t('refuse')} reasonless onDo={judge(false)} done={again}><Diff scope={v.scope} from={v.version - 1} to={v.version} /></Ask>
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
                  { title: t('config-scope'), sort: (v) => v.scope, cell: (v) => <b>{v.scope}</b> }, { title: t('versions'), right: true, sort: (v) => v.version, cell: (v) => number(v.version) },
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
              {shown && <><h3>{t('review-of', { scope: shown.scope, n: shown.version })}</h3><Diff key={open} scope={shown.scope} from={shown.version - 1} to={shown.version} /></>}
            </>
          );
        }}
      </Shown>
    </Card>
  );
}

// ---- roll-outs ----

const rolloutTones: Record<string, Tone> = { running: 'info', paused: 'caution', stopped: 'danger', 'rolling-back': 'warning', done: 'good' };
const ORDERS: Record<string, string[]> = { running: ['pause', 'stop', 'back'], paused: ['resume', 'stop', 'back'], stopped: ['back'], done: ['back'] };

function Start({ again }: { again: () => void }) {
  const [kind, setKind] = useState('config');
  const [version, setVersion] = useState('');
  const [scope, setScope] = useState('fleet');
  return (
    <Ask button={t('rollout-new')} kind="main" title={t('rollout-new')} confirm={t('rollout-start')} done={() => { say(t('rollout-started')); again(); }}
      onDo={(reason) => send('POST', 'rollouts', { kind, version: version.trim(), ...(kind === 'config' ? { scope: scope.trim() } : {}), reason })}>
      <p>{t('rollout-about')}</p>
      <div class="grid-form">
        <Choice label={t('kind')} value={kind} onValue={setKind} options={['config', 'bundle', 'pattern', 'firmware'].map((k): [string, string] => [k, word('version', k)])} />
        <TextField label={t('versions')} value={version} onValue={setVersion} required autocomplete="off" />
        {kind === 'config' && <TextField label={t('config-scope')} value={scope} onValue={setScope} required help={t('config-scope-help')} autocomplete="off" />}
      </div>
    </Ask>
  );
}

function Rollouts({ session }: { session: Session }) {
  const list = useApi<{ rollouts: Rollout[] }>('rollouts', 'state', 'sensors', 'audit');
  const mine = may(session, CHANGE);
  return (
    <Card title={t('rollouts')} tools={mine && <Start again={list.again} />}>
      <Shown of={list}>
        {({ rollouts }) => rollouts.length === 0 ? <Empty>{t('no-rollout')}</Empty> : (
          <Table dense label={t('rollouts')} rows={rollouts} id={(r) => String(r.id)} empty="" page={30}
            columns={[
              { title: t('state'), sort: (r) => r.state, cell: (r) => <><Badge tone={rolloutTones[r.state] ?? 'plain'}>{word('rollout', r.state)}</Badge>{r.why && <small class="line">{r.why}</small>}</> },
              { title: t('what'), cell: (r) => <><b>{word('version', r.kind)} {r.version}</b><small class="line">{r.scope}</small></> },
              { title: t('ring'), right: true, cell: (r) => `${number(r.ring)} / ${Array.isArray(r.rings) ? r.rings.length : r.rings}` },
              { title: t('in-force'), right: true, cell: (r) => `${number(r.in_force)} / ${number(r.boxes_n)}` }, { title: t('refuse'), right: true, cell: (r) => <span class={r.refused ? 'bad' : 'faint'}>{number(r.refused)}</span> },
              { title: t('who'), cell: (r) => <>{r.author}<small class="line">{r.reason}</small></> }, { title: t('time'), sort: (r) => r.made, cell: (r) => <Time ns={r.made} exact /> },
              ...(mine ? [{ title: '', cell: (r: Rollout) => (
                <div class="actions tight">
                  {(ORDERS[r.state] ?? []).map((o) => (
                    <Ask key={o} button={word('rollout-order', o)} kind="quiet" danger={o !== 'resume'} title={`${word('rollout-order', o)}: ${r.version}`} confirm={word('rollout-order', o)} done={list.again}
                      onDo={(reason) => send('POST', `rollouts/${part(String(r.id))}/${o}`, { reason })} />
                  ))}
                </div>
              ) }] : []),
            ]} />
        )}
      </Shown>
    </Card>
  );
}

export function Fleet({ session }: { session: Session }) {
  const [tab, setTab] = useArg('tab', 'boxes');
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
