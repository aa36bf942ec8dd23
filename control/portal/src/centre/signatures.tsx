// Signatures (B3, E5): bundles, rule-sets of each scope, custom patterns: what is there, what a new one
// would change, and from here on to the boxes and back.
import { useRef, useState } from 'preact/hooks';
import { CHANGE, part, query, send, upload, type Session } from '../toolkit/api';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { Ask, Badge, Button, Card, Choice, Code, Page, say, Shown, Table, Tabs, TextArea, TextField, Time, type Tone } from '../toolkit/ui';
import { may } from '../parts/words';
import { threatName } from '../parts/threats';
import type { Text } from './data';
import { RollOut } from './rollout';
import { allCustomers, sitesInScope } from './scope';
import { say2 } from './shared';

interface Bundle {
  kind: string; name: string; number: number; made: number; expires: number; note: string; rules: number; version: string; sha256: string; size: number;
  packs: { name?: string; title?: Text; text?: Text }[]; settings: Record<string, string>;
}
interface Bundles { bundles: Bundle[]; can_sign: boolean }
interface Changed { gid: number; sid: number; msg: string; group: string; was: string; is: string; why: string; text?: string; alerts: number }
interface SetPreview { bundle: string; rules: number; enabled_before: number; enabled_after: number; changes: Changed[]; more: number; alerts_in_all: number; problems: { file: string; line: number; why: string }[] }
interface Checked { loads: number; refused: number; unsupported: number; problems: string[]; rules: { gid: number; sid: number; msg: string }[] }

const fileKind = (b: Bundle): string => (b.kind === 'signatures' ? 'bundle' : 'pattern');
const useBundles = () => useApi<Bundles>('bundles', 'bundles');

/** Signed where the key is, if that is not here. */
function HandIn({ again }: { again: () => void }) {
  const file = useRef<HTMLInputElement>(null);
  const give = async (reason: string) => {
    const chosen = file.current?.files?.[0];
    if (!chosen) throw new Error(t('choose-file'));
    return upload<{ version: string }>('bundles' + query({ reason }), chosen);
  };
  return (
    <Ask button={t('hand-in')} title={t('hand-in')} confirm={t('hand-in')} onDo={give} done={(r) => { say(t('handed-in', { name: (r as { version: string }).version })); again(); }}>
      <p>{t('hand-in-about')}</p>
      <div class="field"><label for="bundle-file">{t('file')}</label><input id="bundle-file" type="file" ref={file} required /></div>
    </Ask>
  );
}

function BundleTable({ rows, label, empty, session }: { rows: Bundle[]; label: string; empty: string; session: Session }) {
  return (
    <Table dense label={label} rows={[...rows].sort((a, b) => b.made - a.made || b.number - a.number)} id={(b) => b.sha256} empty={empty} page={20}
      columns={[
        { title: t('name'), sort: (b) => b.name, cell: (b) => <><b class="one-line">{b.version}</b>{b.note && <small class="line">{b.note}</small>}</> },
        { title: t('kind'), sort: (b) => b.kind, cell: (b) => word('bundle', b.kind) },
        { title: t('rules'), right: true, sort: (b) => b.rules, cell: (b) => (b.rules ? number(b.rules) : '–') },
        { title: t('content'), wide: true, cell: (b) => <Content b={b} /> },
        { title: t('made-at'), sort: (b) => b.made, cell: (b) => <Time ns={b.made * 1e9} exact /> },
        { title: t('size'), right: true, sort: (b) => b.size, cell: (b) => `${number(Math.ceil(b.size / 1024))} KiB` },
        ...(may(session, CHANGE) ? [{ title: '', cell: (b: Bundle) => <RollOut kind={fileKind(b)} version={b.version} quiet /> }] : []),
      ]} />
  );
}

function Content({ b }: { b: Bundle }) {
  const settings = Object.entries(b.settings);
  if (settings.length) return <details><summary>{t('n-files', { n: settings.length })}</summary>{settings.map(([name, text]) => <><p class="over">{name}</p><pre class="yaml">{text}</pre></>)}</details>;
  if (!b.packs.length) return <>–</>;
  return <details><summary>{t('n-packs', { n: b.packs.length })}</summary><ul class="plain-list">{b.packs.map((p) => <li><b>{say2(p.title ?? p.name)}</b> {say2(p.text)}</li>)}</ul></details>;
}

function BundlesPart({ session }: { session: Session }) {
  const list = useBundles();
  return (
    <Card title={t('bundles')} tools={<>{may(session, CHANGE) && <HandIn again={list.again} />}<a class="button" href={href('fleet', 'rollouts')}>{t('rollouts')}</a></>}>
      <p class="faint">{t('bundles-about')}</p>
      <Shown of={list}>{(b) => <BundleTable rows={b.bundles.filter((x) => x.kind === 'signatures')} label={t('bundles')} empty={t('no-bundle')} session={session} />}</Shown>
    </Card>
  );
}

// ---- rule-sets ----

const FILTERS = ['disable', 'enable', 'drop', 'modify'] as const;
type Filters = Record<(typeof FILTERS)[number], string>;
const NONE: Filters = { disable: '', enable: '', drop: '', modify: '' };
const filterTones: Record<string, Tone> = { on: 'good', off: 'plain', drop: 'warning' };

/** What a scope has now, as the texts of its newest rule-set. */
function filtersOf(rows: Bundle[], scope: string): Filters {
  const name = scope.replace(':', '-');
  const newest = rows.filter((b) => b.kind === 'rule-set' && b.name === name).sort((a, b) => b.number - a.number)[0];
  return newest ? { ...NONE, ...Object.fromEntries(FILTERS.map((f) => [f, newest.settings[`${f}.conf`] ?? ''])) } : NONE;
}

function PreviewTable({ p }: { p: SetPreview }) {
  const quiet = p.changes.filter((c) => c.is === 'off').reduce((n, c) => n + c.alerts, 0);
  return (
    <div aria-live="polite">
      <p class={`note ${p.problems.length ? 'bad' : ''}`}>{t('rules-preview', { before: number(p.enabled_before), after: number(p.enabled_after), bundle: p.bundle, alerts: number(quiet), all: number(p.alerts_in_all) })}</p>
      {p.problems.map((x) => <p class="note bad" role="alert">{t('line-problem', { file: x.file, line: x.line })} {x.why}</p>)}
      <Table dense label={t('changes')} rows={p.changes} id={(c) => `${c.gid}:${c.sid}`} empty={t('no-change')} page={20}
        columns={[
          { title: t('rule'), sort: (c) => c.sid, cell: (c) => `${c.gid}:${c.sid}` },
          { title: t('threat'), wide: true, sort: (c) => c.msg, cell: (c) => <>{threatName(c.msg)}<small class="line">{c.group}</small></> },
          { title: t('was-is'), cell: (c) => <span class="one-line"><Badge tone={filterTones[c.was]}>{word('rule-state', c.was)}</Badge> → <Badge tone={filterTones[c.is]}>{c.text ? t('rule-state.changed') : word('rule-state', c.is)}</Badge></span> },
          { title: t('alerts-in', { days: 30 }), right: true, sort: (c) => c.alerts, cell: (c) => <span class={c.alerts && c.is === 'off' ? 'bad' : ''}>{number(c.alerts)}</span> },
          { title: t('why'), cell: (c) => c.why.replace(/^new\//, '') },
        ]} />
      {p.more > 0 && <p class="faint">{t('and-more', { n: number(p.more) })}</p>}
    </div>
  );
}

function RuleSetEditor({ rows, canSign, session, again }: { rows: Bundle[]; canSign: boolean; session: Session; again: () => void }) {
  const [scope, setScope] = useState('all');
  const [filters, setFilters] = useState<Filters>(() => filtersOf(rows, 'all'));
  const [preview, setPreview] = useState<SetPreview | null>(null);
  const [made, setMade] = useState('');
  const choose = (s: string) => {
    setScope(s);
    setFilters(filtersOf(rows, s));
    setPreview(null);
    setMade('');
  };
  const look = () => send<SetPreview>('POST', `rule-sets/${part(scope)}/preview`, filters).then(setPreview, (e: Error) => say(e.message));
  const keep = (reason: string) => send<{ version: string }>('PUT', `rule-sets/${part(scope)}`, { ...filters, reason });
  return (
    <>
      <div class="row-form">
        <Choice label={t('config-scope')} value={scope} onValue={choose} options={[
          ['all', t('whole-fleet')], ...allCustomers().map((c): [string, string] => [`customer:${c.id}`, `${t('customer')}: ${c.name}`]), ...sitesInScope().map((s): [string, string] => [`site:${s}`, `${t('site')}: ${s}`]),
        ]} />
      </div>
      <div class="grid-form">
        {FILTERS.map((f) => (
          <TextArea key={f} label={word('filter', f)} help={t(`filter-help.${f}`)} class="mono" rows={4} spellcheck={false} value={filters[f]}
            onValue={(v) => { setFilters({ ...filters, [f]: v }); setPreview(null); }} />
        ))}
      </div>
      <div class="actions">
        <Button onClick={look}>{t('preview')}</Button>
        {may(session, CHANGE) && canSign && (
          <Ask button={t('rule-set-make')} kind="main" title={t('rule-set-make')} confirm={t('rule-set-make')} onDo={keep} disabled={!preview || preview.problems.length > 0}
            done={(r) => { setMade((r as { version: string }).version); again(); }}>
            <p>{t('rule-set-make-about')}</p>
          </Ask>
        )}
      </div>
      {made && <p class="note good" role="status">{t('made-now', { name: made })} <RollOut kind="pattern" version={made} /></p>}
      {preview ? <PreviewTable p={preview} /> : <p class="faint">{t('preview-first')}</p>}
    </>
  );
}

function RuleSets({ session }: { session: Session }) {
  const list = useBundles();
  return (
    <Shown of={list}>
      {({ bundles, can_sign }) => (
        <>
          <Card title={t('rule-set-edit')}>
            <p class="faint">{t('rule-sets-about')}</p>
            {!can_sign && <p class="note">{t('no-key')}</p>}
            <RuleSetEditor rows={bundles} canSign={can_sign} session={session} again={list.again} />
          </Card>
          <Card title={t('rule-sets')}><BundleTable rows={bundles.filter((b) => b.kind === 'rule-set')} label={t('rule-sets')} empty={t('no-rule-set')} session={session} /></Card>
        </>
      )}
    </Shown>
  );
}

// ---- custom patterns ----

const EXAMPLE = 'alert http any any -> any any (msg:"…"; content:"…"; sid:9200001; rev:1;)';

function PatternMaker({ canSign, session, again }: { canSign: boolean; session: Session; again: () => void }) {
  const [name, setName] = useState('');
  const [rules, setRules] = useState('');
  const [checked, setChecked] = useState<Checked | null>(null);
  const [made, setMade] = useState('');
  const look = () => send<Checked>('POST', 'custom-patterns/preview', { rules }).then(setChecked, (e: Error) => say(e.message));
  const make = (reason: string) => send<{ version: string }>('POST', 'custom-patterns', { name: name.trim(), rules, reason });
  return (
    <>
      <TextField label={t('pattern-name')} help={t('pattern-name-help')} value={name} onValue={setName} pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*" maxLength={40} autocomplete="off" />
      <TextArea label={t('rules')} help={t('rules-help')} class="mono" rows={6} spellcheck={false} value={rules} placeholder={EXAMPLE} onValue={(v) => { setRules(v); setChecked(null); }} />
      <div class="actions">
        <Button onClick={look} disabled={rules.trim().length < 10}>{t('check')}</Button>
        {may(session, CHANGE) && canSign && (
          <Ask button={t('pattern-make')} kind="main" title={t('pattern-make')} confirm={t('pattern-make')} onDo={make} disabled={!name.trim() || !checked || !checked.loads || checked.problems.length > 0}
            done={(r) => { setMade((r as { version: string }).version); setRules(''); setChecked(null); again(); }} />
        )}
      </div>
      {made && <p class="note good" role="status">{t('made-now', { name: made })} <RollOut kind="pattern" version={made} /></p>}
      {checked && (
        <div aria-live="polite">
          <p class={`note ${checked.problems.length ? 'bad' : 'good'}`}>{t('rules-checked', { loads: number(checked.loads), refused: number(checked.refused), unsupported: number(checked.unsupported) })}</p>
          {checked.problems.map((x) => <p class="note bad" role="alert"><Code>{x}</Code></p>)}
        </div>
      )}
    </>
  );
}

function Patterns({ session }: { session: Session }) {
  const list = useBundles();
  return (
    <Shown of={list}>
      {({ bundles, can_sign }) => (
        <>
          <Card title={t('pattern-new')}>
            <p class="faint">{t('patterns-about')}</p>
            {!can_sign && <p class="note">{t('no-key')}</p>}
            <PatternMaker canSign={can_sign} session={session} again={list.again} />
          </Card>
          <Card title={t('patterns')}><BundleTable rows={bundles.filter((b) => b.kind === 'pattern')} label={t('patterns')} empty={t('no-pattern')} session={session} /></Card>
        </>
      )}
    </Shown>
  );
}

export function Signatures({ session }: { session: Session }) {
  const [tab, setTab] = useArg('tab', 'bundles');
  return (
    <Page title={t('signatures')}>
      <Card><Tabs label={t('kind')} value={tab} onValue={setTab} options={[['bundles', t('bundles')], ['rule-sets', t('rule-sets')], ['patterns', t('patterns')]]} /></Card>
      {tab === 'bundles' && <BundlesPart session={session} />}
      {tab === 'rule-sets' && <RuleSets session={session} />}
      {tab === 'patterns' && <Patterns session={session} />}
    </Page>
  );
}

