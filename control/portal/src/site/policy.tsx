// Policies, tried before they are used; exceptions; what is protected.
import { CHANGE, query, send, upload, url, type Session } from '../toolkit/api';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Ask, Badge, Button, Card, Choice, Empty, Field, Level, Page, say, Shown, Table, Time } from '../toolkit/ui';
import { useEffect, useState } from 'preact/hooks';
import type { Exception, Modes, Simulation } from './data';
import { ScopeList } from './overview';
import { sentence } from '../parts/sentences';
import { may } from '../parts/words';
import { ExceptionAsk } from './shared';

interface PolicyText { name: string; version: string; policy: string; lint: string[]; edited: boolean }
interface Edition { number: number; time: number; actor: string; reason: string; name: string; version: string }
interface Checked { name: string; version: string; lint: string[]; scopes: { scope: string; mode: string }[] }

function Lint({ list }: { list: string[] }) {
  if (list.length === 0) return <p class="note good">{t('lint-clean')}</p>;
  return <ul class="lint">{list.map((x) => <li>{sentence(x)}</li>)}</ul>;
}

function Result({ of }: { of: Simulation }) {
  const actions = Object.entries(of.actions);
  return (
    <div aria-live="polite">
      <p class="note">{t('simulated', { judgements: number(of.judgements), hosts: number(of.hosts), n: number(of.with_actions) })}</p>
      {actions.length > 0 && (
        <Table label={t('actions')} rows={actions} id={([a]) => a} empty=""
          columns={[
            { title: t('action'), cell: ([a]) => word('action', a) },
            { title: t('times'), right: true, cell: ([, n]) => number(n.times) },
            { title: t('hosts'), right: true, cell: ([, n]) => number(n.hosts) },
          ]} />
      )}
      {of.steps.length > 0 && (
        <details>
          <summary>{t('would-have', { n: of.steps.length })}</summary>
          <Table label={t('judgements')} rows={of.steps.slice(-100).reverse()} id={(s) => s.time + s.host + s.count} empty=""
            columns={[
              { title: t('time'), cell: (s) => s.time }, { title: t('host'), cell: (s) => s.host },
              { title: t('level'), cell: (s) => <Level level={s.level} /> }, { title: t('in-a-row'), right: true, cell: (s) => s.count },
              { title: t('actions'), wide: true, cell: (s) => s.actions.map((a) => word('action', a)).join(', ') },
            ]} />
        </details>
      )}
    </div>
  );
}

/** What is said against the text, then the reason, then it holds in place of the file. */
function PutInForce({ text, base, done }: { text: string; base: string; done: () => void }) {
  const [checked, setChecked] = useState<Checked | string | null>(null);
  const look = () => {
    setChecked(null);
    upload<Checked>('policy/check', text).then(setChecked, (x: Error) => setChecked(x.message));
  };
  useEffect(look, [text]);
  const wrong = typeof checked === 'string';
  return (
    <Ask button={t('put-in-force')} kind="main" danger title={t('put-in-force')} confirm={t('put-in-force')} disabled={!text.trim() || wrong}
      onDo={(reason) => upload('policy' + query({ reason, base, accept: true }), text)}
      done={() => {
        say(t('reloaded'));
        done();
      }}>
      <p>{t('put-about')}</p>
      {wrong && <p class="note bad" role="alert">{checked}</p>}
      {checked && !wrong && (
        <>
          <Lint list={checked.lint} />
          <ul class="names">{checked.scopes.map((s) => <li>{s.scope}: {word('mode', s.mode)}</li>)}</ul>
        </>
      )}
    </Ask>
  );
}

function Editions({ again, edited, may: mayChange }: { again: () => void; edited: boolean; may: boolean }) {
  const list = useApi<{ editions: Edition[] }>('policy/editions', 'state');
  const shown = list.data?.editions ?? [];
  if (shown.length === 0) return null;
  return (
    <Card title={t('editions')} tools={edited && mayChange && (
      <Ask button={t('back-to-file')} title={t('back-to-file')} confirm={t('back-to-file')} onDo={(reason) => send('POST', 'policy/file', { reason })}
        done={() => { say(t('reloaded')); again(); }}><p>{t('back-to-file-about')}</p></Ask>)}>
      <Table label={t('editions')} rows={shown} id={(x) => String(x.number)} empty=""
        columns={[
          { title: t('time'), cell: (x) => <Time ns={x.time} exact /> }, { title: t('who'), cell: (x) => x.actor },
          { title: t('policy'), cell: (x) => x.version ? <span>{x.name} <span class="faint">{x.version.slice(0, 12)}</span></span> : t('as-in-file') },
          { title: t('reason'), wide: true, cell: (x) => x.reason },
        ]} />
    </Card>
  );
}

function Try({ first, base, may: mayChange, done }: { first: string; base: string; may: boolean; done: () => void }) {
  const [text, setText] = useState(first);
  const [days, setDays] = useState('7');
  const [checked, setChecked] = useState<Checked | null>(null);
  const [result, setResult] = useState<Simulation | null>(null);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState('');
  const run = (what: string, fn: () => Promise<void>) => async () => {
    setBusy(what);
    setError('');
    setChecked(null);
    setResult(null);
    await fn().catch((x: Error) => setError(x.message));
    setBusy('');
  };
  return (
    <Card title={t('try')}>
      <p class="faint">{t('try-about')}</p>
      <Field label={t('policy-text')}>
        {(p) => <textarea {...p} class="mono" rows={14} spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} />}
      </Field>
      <div class="row-form">
        <Button busy={busy === 'check'} onClick={run('check', async () => setChecked(await upload('policy/check', text)))}>{t('check')}</Button>
        <Choice label={t('over')} value={days} onValue={setDays} options={['1', '7', '14', '31'].map((d) => [d, t('days', { n: d })])} />
        <Button kind="main" busy={busy === 'simulate'} onClick={run('simulate', async () => setResult(await upload(`policy/simulate?days=${days}`, text)))}>{t('simulate')}</Button>
        <a class="button quiet" href={url('judgements.csv')} download>{t('judgements-csv')}</a>
        {mayChange && text !== first && <PutInForce text={text} base={base} done={done} />}
      </div>
      {error && <p class="note bad" role="alert">{error}</p>}
      {checked && <><p>{t('checked', { name: checked.name, n: checked.scopes.length })}</p><Lint list={checked.lint} /></>}
      {result && <Result of={result} />}
    </Card>
  );
}

export function Policies({ session }: { session: Session }) {
  const policy = useApi<PolicyText>('policy', 'state');
  const modes = useApi<Modes>('modes', 'state', 'hosts');
  return (
    <Page title={t('policies')} tools={may(session, CHANGE) && (
      <Ask button={t('reload')} title={t('reload')} confirm={t('reload')} onDo={(reason) => send('POST', 'policy/reload', { reason })}
        done={() => { say(t('reloaded')); policy.again(); }}><p>{t('reload-about')}</p></Ask>)}>
      <div class="columns">
        <Card title={t('modes')}><Shown of={modes}>{(m) => <ScopeList modes={m} session={session} again={modes.again} />}</Shown></Card>
        <Card title={t('in-force')}>
          <Shown of={policy}>
            {(p) => (
              <>
                <p><b>{p.name}</b> <span class="faint">{p.version.slice(0, 12)}</span> {p.edited && <Badge tone="info">{t('edited-here')}</Badge>}</p>
                <Lint list={p.lint} />
                {p.policy ? <details><summary>{t('policy-text')}</summary><pre class="yaml" tabIndex={0}>{p.policy}</pre></details> : <Empty>{t('built-in')}</Empty>}
              </>
            )}
          </Shown>
        </Card>
      </div>
      {policy.data && <Try key={policy.data.version} first={policy.data.policy} base={policy.data.version} may={may(session, CHANGE)} done={policy.again} />}
      {policy.data && <Editions again={policy.again} edited={policy.data.edited} may={may(session, CHANGE)} />}
    </Page>
  );
}

// ---- exceptions ----

export function Exceptions({ session }: { session: Session }) {
  const list = useApi<{ exceptions: Exception[] }>('exceptions', 'state', 'hosts');
  const any = (v: string) => v || <span class="faint">{t('any')}</span>;
  return (
    <Page title={t('exceptions')} tools={may(session, CHANGE) && <ExceptionAsk kind="main" button={t('exception-new')} title={t('exception-new')} first={{}} done={list.again} />}>
      <Card>
        <p class="faint">{t('exceptions-about')}</p>
        <Shown of={list}>
          {({ exceptions }) => (
            <Table label={t('exceptions')} rows={exceptions} id={(x) => [x.number, x.rule, x.source, x.destination, x.reason].join()} empty={t('no-exception')}
              columns={[
                { title: t('never'), cell: (x) => <Badge tone={x.never === 'alert' ? 'caution' : 'info'}>{word('never', x.never)}</Badge> },
                { title: t('rule'), cell: (x) => any(x.rule) },
                { title: t('source'), cell: (x) => any(x.source) },
                { title: t('destination'), cell: (x) => any(x.destination) },
                { title: t('sensor'), cell: (x) => any(x.sensor) },
                { title: t('until'), cell: (x) => x.until ? x.until.slice(0, 10) : t('for-ever') },
                { title: t('effect'), right: true, cell: (x) => x.in_force ? number(x.effect) : <Badge>{t('over-since')}</Badge> },
                { title: t('reason'), wide: true, cell: (x) => x.reason },
                { title: '', cell: (x) => x.number === 0 ? <span class="faint">{t('in-file')}</span> : may(session, CHANGE) && (
                  <Ask button={t('end')} kind="quiet" title={t('exception-end')} confirm={t('end')}
                    onDo={(reason) => send('DELETE', `exceptions/${x.number}`, { reason })} done={list.again} />) },
              ]} />
          )}
        </Shown>
      </Card>
    </Page>
  );
}
