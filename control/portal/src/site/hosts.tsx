// Hosts: who they are, from which source that is known, how they were judged, actions by hand.
import { APPROVE, part, query, send, type Session } from '../toolkit/api';
import { Stair } from '../toolkit/chart';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href } from '../toolkit/route';
import { Ask, Badge, Button, Card, Choice, Empty, Facts, Field, Level, Page, say, Shown, Table, TextField, Time } from '../toolkit/ui';
import { useEffect, useState } from 'preact/hooks';
import { hostName, OVER, type Cut, type Host, type HostFull, type Incident, type Judgement } from './data';
import { CutState, inLanguage, may } from '../parts/words';
import { CutTools, cutWhy, HostLink } from './shared';
import { CutAsk } from './quarantine';

const PAGE = 100;

export function Hosts() {
  const [search, setSearch] = useState('');
  const [settled, setSettled] = useState('');
  const [level, setLevel] = useState('');
  const [from, setFrom] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(search.trim());
      setFrom(0);
    }, 300);
    return () => clearTimeout(timer);
  }, [search]);
  const args = level === 'cut' ? { cut: true } : { level };
  const hosts = useApi<{ hosts: Host[]; found: number; total: number }>('hosts' + query({ search: settled, ...args, from, most: PAGE }), 'hosts', 'cuts');
  return (
    <Page title={t('hosts')}>
      <Card>
        <div class="row-form" role="search">
          <TextField label={t('search')} value={search} onValue={setSearch} type="search" placeholder={t('search-hosts')} />
          <Choice label={t('level')} value={level} onValue={(v) => { setLevel(v); setFrom(0); }}
            options={[['', t('all')], ...['caution', 'warning', 'danger'].map((l): [string, string] => [l, t('and-above', { level: word('level', l) })]), ['cut', t('cut-now')]]} />
        </div>
        <Shown of={hosts}>
          {(h) => (
            <>
              <p class="faint" role="status">{t('found', { n: number(h.found), all: number(h.total) })}</p>
              <Table label={t('hosts')} rows={h.hosts} id={(x) => x.id} empty={t('no-host')}
                columns={[
                  { title: t('host'), cell: (x) => <HostLink host={x} /> },
                  { title: t('level'), cell: (x) => <Level level={x.level} /> },
                  { title: t('network'), cell: (x) => x.cut_state ? <CutState state={x.cut_state} /> : x.protected ? <Badge tone="info">{t('protected')}</Badge> : <span class="faint">{t('permitted')}</span> },
                  { title: t('user'), cell: (x) => x.user || '–' },
                  { title: t('system'), cell: (x) => x.os || x.vendor || '–' },
                  { title: t('port'), cell: (x) => x.port || '–' },
                  { title: t('alerts'), right: true, cell: (x) => number(x.alerts) },
                  { title: t('last-seen'), cell: (x) => <Time ns={x.last_seen} /> },
                ]} />
              {h.found > PAGE && (
                <div class="actions">
                  <Button disabled={from === 0} onClick={() => setFrom(Math.max(0, from - PAGE))}>{t('before')}</Button>
                  <span class="faint">{number(from + 1)}–{number(Math.min(from + PAGE, h.found))}</span>
                  <Button disabled={from + PAGE >= h.found} onClick={() => setFrom(from + PAGE)}>{t('after')}</Button>
                </div>
              )}
            </>
          )}
        </Shown>
      </Card>
    </Page>
  );
}

// ---- one host ----

function ActAsk({ host, again }: { host: HostFull; again: () => void }) {
  const [action, setAction] = useState('mail');
  const [text, setText] = useState('');
  const act = async (reason: string) => {
    const r = await send<{ acted: { done: boolean; text: string }[] }>('POST', 'actions', { action, hosts: [host.id], text, reason });
    const failed = r.acted.find((a) => !a.done);
    if (failed) throw new Error(failed.text);
  };
  return (
    <Ask button={t('act')} title={t('act-on', { name: hostName(host) })} confirm={t('act-do')} onDo={act}
      done={() => {
        say(t('acted'));
        again();
      }}>
      <Choice label={t('action')} value={action} onValue={setAction} help={t(`action-help.${action}`)}
        options={['mail', 'message', 'deny', 'block', 'permit', 'command'].map((a) => [a, word('action', a)])} />
      <Field label={t('text')} help={t('text-help')}>
        {(p) => <textarea {...p} rows={2} maxLength={200} value={text} onInput={(e) => setText(e.currentTarget.value.replace(/\n/g, ' '))} />}
      </Field>
    </Ask>
  );
}

function Judged({ id }: { id: string }) {
  const week = (BigInt(Date.now() - 30 * 86400e3) * 1000000n).toString();
  const [since] = useState(week);
  const list = useApi<{ judgements: Judgement[] }>('judgements' + query({ host: id, since }), 'hosts');
  return (
    <Card title={t('judgements')}>
      <Shown of={list}>
        {({ judgements }) => judgements.length === 0 ? <Empty>{t('not-judged')}</Empty> : (
          <>
            <Stair label={t('judgements')} points={judgements.slice(-200).map((j) => ({ ns: Date.parse(j.time) * 1e6, level: j.level }))} />
            <Table label={t('judgements')} rows={judgements.slice(-20).reverse()} id={(j) => j.time + j.count} empty=""
              columns={[
                { title: t('time'), cell: (j) => <Time ns={Date.parse(j.time) * 1e6} exact /> },
                { title: t('level'), cell: (j) => <Level level={j.level} /> },
                { title: t('in-a-row'), right: true, cell: (j) => j.count },
                { title: t('actions'), cell: (j) => j.actions.split(' ').filter(Boolean).map((a) => word('action', a)).join(', ') || '–' },
                { title: t('mode'), cell: (j) => word('mode', j.mode) },
                { title: t('trigger'), wide: true, cell: (j) => word('trigger', j.trigger) },
              ]} />
          </>
        )}
      </Shown>
    </Card>
  );
}

export function OneHost({ id, session }: { id: string; session: Session }) {
  const host = useApi<{ host: HostFull }>(`hosts/${part(id)}`, 'hosts', 'cuts');
  const incidents = useApi<{ incidents: Incident[] }>('incidents', 'incidents');
  const cuts = useApi<{ quarantines: Cut[] }>('quarantines', 'cuts');
  const again = () => {
    host.again();
    cuts.again();
  };
  return (
    <Shown of={host}>
      {({ host: h }) => {
        const own = (cuts.data?.quarantines ?? []).filter((c) => c.host_id === h.id);
        const open = own.find((c) => !OVER.includes(c.state));
        return (
          <Page title={hostName(h)} tools={may(session, APPROVE) && <>{open ? <CutTools key={open.state} cut={open} session={session} again={again} /> : !h.protected && <CutAsk host={h.ip || h.mac || h.id} again={again} />}<ActAsk host={h} again={again} /></>}>
            <div class="columns">
              <Card>
                <p class="big"><Level level={h.level} /> {open && <a href={href('quarantine', open.command_id)}><CutState state={open.state} /></a>} {h.protected && <Badge tone="info">{t('protected')}: {word('use', h.protected_reason)}</Badge>}</p>
                <Facts of={[
                  [t('address'), h.ip], ['MAC', h.mac], [t('name'), h.name], [t('user'), h.user], [t('system'), h.os], [t('use'), h.role && word('use', h.role)],
                  [t('maker'), h.vendor], [t('port'), h.port], [t('sensor'), h.sensor], [t('alerts'), number(h.alerts)],
                  [t('first-seen'), <Time ns={h.first_seen} exact />], [t('last-seen'), <Time ns={h.last_seen} />],
                ]} />
              </Card>
              <Card title={t('open-incidents')}>
                <Shown of={incidents}>
                  {(x) => {
                    const mine = x.incidents.filter((i) => i.host_id === h.id);
                    return mine.length === 0 ? <Empty>{t('no-incident-here')}</Empty> : (
                      <ul class="rows">
                        {mine.map((i) => <li><Level level={i.level} /><div><a href={href('incidents', i.id)}><b>{i.title}</b></a><p class="faint">{inLanguage(i.cause, i.cause_ja)}</p></div><Time ns={i.updated} /></li>)}
                      </ul>
                    );
                  }}
                </Shown>
              </Card>
            </div>
            {own.length > 0 && (
              <Card title={t('cuts-here')}>
                <ul class="rows">{own.slice(0, 10).map((c) => <li><CutState state={c.state} /><a href={href('quarantine', c.command_id)}>{cutWhy(c)}</a><Time ns={c.opened} /></li>)}</ul>
              </Card>
            )}
            <Judged id={h.id} />
            <Card title={t('identity')}>
              <Table label={t('addresses')} rows={h.ips} id={(x) => x.ip} empty={t('none')}
                columns={[
                  { title: t('address'), cell: (x) => x.ip },
                  { title: t('proven'), cell: (x) => <Badge tone={x.proven ? 'good' : 'caution'}>{t(x.proven ? 'yes' : 'no')}</Badge> },
                  { title: t('first-seen'), cell: (x) => <Time ns={x.first} exact /> },
                  { title: t('last-seen'), cell: (x) => <Time ns={x.last} /> },
                ]} />
              <Table label={t('facts')} rows={h.facts} id={(x) => x.kind + x.value + x.source} empty={t('none')}
                columns={[
                  { title: t('fact'), cell: (x) => word('fact', x.kind) },
                  { title: t('value'), wide: true, cell: (x) => x.value },
                  { title: t('from'), cell: (x) => x.source },
                  { title: t('sure'), cell: (x) => word('sure', x.confidence) },
                  { title: t('first-seen'), cell: (x) => <Time ns={x.first} exact /> },
                  { title: t('last-seen'), cell: (x) => <Time ns={x.last} /> },
                ]} />
            </Card>
          </Page>
        );
      }}
    </Shown>
  );
}
