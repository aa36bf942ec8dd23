// The first page: what needs a person now, then how the site is.
import { APPROVE, CHANGE, part, send, type Session } from '../toolkit/api';
import { Bars, Stack } from '../toolkit/chart';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href } from '../toolkit/route';
import { Ask, Badge, Card, Choice, Empty, Facts, Level, Page, say, Shown, Time } from '../toolkit/ui';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { hostName, IN_FORCE, type Cut, type Detection, type Host, type Incident, type Modes, type Peers, type Scope, type Status } from './data';
import { sentence } from '../parts/sentences';
import { CutState, inLanguage, may } from '../parts/words';
import { CutTools, cutWhy, HostLink } from './shared';

// ---- the kill switch ----

export function KillSwitch({ status, session, again }: { status: Status; session: Session; again: () => void }) {
  const stands = status.kill_switch;
  const set = (stop: boolean) => (reason: string) => send<{ text?: string }>('PUT', 'kill-switch', { stop, reason });
  const done = (r: unknown) => {
    const text = (r as { text?: string })?.text ?? '';
    say(text.startsWith('The file') ? t('switch-file') : t(stands ? 'switch-back' : 'switch-thrown'));
    again();
  };
  if (!may(session, APPROVE)) return null;
  return stands ? (
    <Ask button={t('switch-rearm')} kind="main" title={t('switch-rearm')} confirm={t('switch-rearm')} onDo={set(false)} done={done}>
      <p>{t('switch-rearm-about')}</p>
    </Ask>
  ) : (
    <Ask button={t('switch-throw')} kind="bad" danger title={t('switch-throw')} confirm={t('switch-throw')} onDo={set(true)} done={done}>
      <p>{t('switch-about')}</p>
    </Ask>
  );
}

/** Above every page while it stands. */
export function Stopped({ session }: { session: Session }) {
  const status = useApi<Status>('status', 'state', 'cuts');
  if (!status.data?.kill_switch) return null;
  return (
    <div class="banner" role="status">
      <p><b>{t('switch-stands')}</b> {t('switch-by', { name: status.data.stopped_by })}</p>
      <KillSwitch status={status.data} session={session} again={status.again} />
    </div>
  );
}

// ---- what needs action ----

interface Need { key: string; tone: 'danger' | 'warning' | 'caution'; what: string; detail: ComponentChildren; tools?: ComponentChildren }

function needsOfCuts(cuts: Cut[], session: Session, again: () => void): Need[] {
  const tones: Record<string, Need['tone']> = { 'still-seen': 'danger', failed: 'danger', held: 'warning' };
  return cuts.filter((c) => tones[c.state]).map((c) => ({
    key: c.command_id,
    tone: tones[c.state],
    what: t(`need.${c.state}`, { name: hostName(c) }),
    detail: <><a href={href('quarantine', c.command_id)}>{cutWhy(c)}</a> · <Time ns={c.detected || c.opened} /></>,
    tools: <CutTools cut={c} session={session} again={again} />,
  }));
}

function needsOfPeers(p: Peers): Need[] {
  const list: Need[] = [];
  for (const peer of p.peers) {
    if (!peer.connected)
      list.push({ key: 'p' + peer.name, tone: 'danger', what: t('need.away', { name: peer.name }), detail: <>{sentence(peer.trouble)} <Time ns={peer.since} /></> });
    else if (peer.health && !peer.health.dataplane)
      list.push({ key: 'd' + peer.name, tone: 'danger', what: t('need.dataplane', { name: peer.name }), detail: '' });
    for (const text of peer.health?.problems ?? [])
      list.push({ key: peer.name + text, tone: 'caution', what: t('need.problem', { name: peer.name }), detail: sentence(text) });
  }
  for (const d of p.drivers)
    if (!d.reachable) list.push({ key: 'm' + d.name, tone: 'warning', what: t('need.driver', { name: d.name }), detail: word('driver', d.type) });
  return list;
}

function Needs({ needs }: { needs: Need[] }) {
  if (needs.length === 0) return <Card title={t('needs')}><Empty>{t('needs-nothing')}</Empty></Card>;
  return (
    <Card title={t('needs')} tools={<Badge tone={needs[0].tone}>{number(needs.length)}</Badge>}>
      <ul class="needs">
        {needs.slice(0, 25).map((n) => (
          <li key={n.key} class={n.tone}>
            <div><b>{n.what}</b><p>{n.detail}</p></div>
            {n.tools}
          </li>
        ))}
      </ul>
      {needs.length > 25 && <p class="faint">{t('and-more', { n: needs.length - 25 })}</p>}
    </Card>
  );
}

// ---- modes ----

const MODES = ['monitor', 'notify', 'approve', 'automatic'];

function ModeAsk({ scope, again }: { scope: Scope; again: () => void }) {
  const [mode, setMode] = useState(scope.mode);
  return (
    <Ask button={t('change')} kind="quiet" title={t('mode-of', { name: scope.scope })} confirm={t('change')}
      onDo={(reason) => send('PUT', `modes/${part(scope.scope)}`, { mode, reason })}
      done={() => {
        say(t('mode-changed', { name: scope.scope, mode: word('mode', mode) }));
        again();
      }}>
      <p>{t('mode-about')}</p>
      <Choice label={t('mode')} value={mode} onValue={setMode} help={t(`mode-help.${mode}`)}
        options={[...MODES, ...(scope.by_hand ? ['file'] : [])].map((m) => [m, word('mode', m)])} />
    </Ask>
  );
}

export function ScopeList({ modes, session, again }: { modes: Modes; session: Session; again: () => void }) {
  if (modes.scopes.length === 0) return <Empty>{t('no-scope')}</Empty>;
  return (
    <ul class="scopes">
      {modes.scopes.map((s) => (
        <li key={s.scope + s.mode}>
          <div class="scope-head">
            <b>{s.scope}</b>
            <Badge tone={s.now === 'automatic' ? 'good' : s.now === 'monitor' ? 'plain' : 'info'}>{word('mode', s.now)}</Badge>
            {s.approvals > 1 && <Badge>{t('two-persons')}</Badge>}
            {may(session, CHANGE) && <ModeAsk scope={s} again={again} />}
          </div>
          <p class="faint">{[s.networks.slice(0, 4).join(', '), s.networks.length > 4 ? '…' : '', s.hours ? t('by-hours', { mode: word('mode', s.off_hours) }) : ''].filter(Boolean).join(' · ')}</p>
          {s.by_hand && <p class="faint">{t('by-hand', { name: s.by_hand.actor, reason: s.by_hand.reason })} <Time ns={s.by_hand.time} /></p>}
          {s.stages.map((x) => (
            <p class="faint">{t('stage', { mode: word('mode', x.mode), share: x.share })} <Time ns={x.from} exact /></p>
          ))}
          <Stack label={t('hosts-by-mode', { name: s.scope })}
            parts={MODES.map((m) => ({ name: word('mode', m), value: s.hosts[m] ?? 0, tone: `mode-${m}` }))} />
        </li>
      ))}
    </ul>
  );
}

// ---- the rest ----

function byHour(events: Detection[]): { label: string; tick?: string; value: number; now?: boolean }[] {
  const hour = 3600e3, now = Math.floor(Date.now() / hour);
  return Array.from({ length: 24 }, (_, i) => {
    const at = now - 23 + i, h = new Date(at * hour).getHours();
    return {
      label: `${h}:00`,
      tick: h % 3 === 0 ? `${h}` : undefined,
      value: events.filter((e) => e.number === 1188 && Math.floor(e.time / 1e6 / hour) === at).length,
      now: i === 23,
    };
  });
}

function Sensors({ peers }: { peers: Peers }) {
  if (peers.peers.length === 0) return <Empty>{t('no-peer')}</Empty>;
  return (
    <ul class="plain-list">
      {peers.peers.map((p) => (
        <li>
          <Badge tone={!p.connected ? 'danger' : p.health && (p.health.problems.length || !p.health.dataplane) ? 'caution' : 'good'}>
            {t(p.connected ? 'connected' : 'away')}
          </Badge>{' '}
          <a href={href('sensors')}><b>{p.name}</b></a> <span class="faint">{word('peer', p.role)}</span>
          {p.health?.span.slice(0, 1).map((s) => <p class="faint">{s}</p>)}
        </li>
      ))}
    </ul>
  );
}

export function Overview({ session }: { session: Session }) {
  const status = useApi<Status>('status', 'state', 'cuts', 'hosts', 'incidents');
  const cuts = useApi<{ quarantines: Cut[] }>('quarantines?open=true', 'cuts');
  const incidents = useApi<{ incidents: Incident[] }>('incidents?open=true', 'incidents');
  const hosts = useApi<{ hosts: Host[]; total: number }>('hosts?level=caution', 'hosts');
  const modes = useApi<Modes>('modes', 'state', 'hosts');
  const peers = useApi<Peers>('peers', 'state');
  const events = useApi<{ events: Detection[] }>('detections?most=1000&number=1188', 'incidents', 'hosts');
  const needs = [
    ...needsOfCuts(cuts.data?.quarantines ?? [], session, cuts.again),
    ...(peers.data ? needsOfPeers(peers.data) : []),
    ...(status.data?.problems ?? []).map((p): Need => ({ key: p, tone: 'danger', what: t('need.here'), detail: sentence(p) })),
  ].sort((a, b) => ['danger', 'warning', 'caution'].indexOf(a.tone) - ['danger', 'warning', 'caution'].indexOf(b.tone));
  const count = (level: string) => (hosts.data?.hosts ?? []).filter((h) => h.level === level).length;
  const uneasy = ['danger', 'warning', 'caution'].reduce((n, l) => n + count(l), 0);
  return (
    <Page title={t('overview')} tools={status.data && !status.data.kill_switch && <KillSwitch status={status.data} session={session} again={status.again} />}>
      {cuts.data && <Needs needs={needs} />}
      <div class="columns">
        <Card title={t('detections-24h')}><Shown of={events}>{(e) => <Bars label={t('detections-24h')} bars={byHour(e.events)} />}</Shown></Card>
        <Card title={t('hosts-by-level')}>
          <Shown of={hosts}>
            {(h) => (
              <Stack label={t('hosts-by-level')} parts={[
                ...['danger', 'warning', 'caution'].map((l) => ({ name: word('level', l), value: count(l), tone: l })),
                { name: word('level', 'safe'), value: h.total - uneasy, tone: 'safe' },
              ]} />
            )}
          </Shown>
          <Shown of={status}>
            {(s) => <Facts of={[[t('cut-now'), number(s.cuts)], [t('waiting'), number(s.held)], [t('switch'), t(s.kill_switch ? 'switch-thrown-short' : 'switch-armed')], [t('policy'), s.policy]]} />}
          </Shown>
        </Card>
        <Card title={t('modes')}><Shown of={modes}>{(m) => <ScopeList modes={m} session={session} again={modes.again} />}</Shown></Card>
        <Card title={t('sensors')}><Shown of={peers}>{(p) => <Sensors peers={p} />}</Shown></Card>
      </div>
      <Card title={t('open-incidents')} tools={<a class="button quiet" href={href('incidents')}>{t('all')}</a>}>
        <Shown of={incidents}>
          {({ incidents: list }) => list.length === 0 ? <Empty>{t('no-open-incident')}</Empty> : (
            <ul class="rows">
              {list.slice(0, 5).map((i) => (
                <li>
                  <Level level={i.level} />
                  <div><a href={href('incidents', i.id)}><b>{i.title}</b></a><p class="faint">{i.host} · {inLanguage(i.cause, i.cause_ja)}</p></div>
                  <Time ns={i.updated} />
                </li>
              ))}
            </ul>
          )}
        </Shown>
      </Card>
      <Card title={t('cut-now')} tools={<a class="button quiet" href={href('quarantine')}>{t('all')}</a>}>
        <Shown of={cuts}>
          {({ quarantines }) => !quarantines.some((c) => IN_FORCE.includes(c.state)) ? <Empty>{t('no-cut')}</Empty> : (
            <ul class="rows">
              {quarantines.filter((c) => IN_FORCE.includes(c.state)).slice(0, 6).map((c) => (
                <li><CutState state={c.state} /><HostLink host={c} /><a href={href('quarantine', c.command_id)}>{cutWhy(c)}</a><Time ns={c.ordered || c.opened} /></li>
              ))}
            </ul>
          )}
        </Shown>
      </Card>
    </Page>
  );
}

