// Packets before and after an alert (E1): asked for of the sensor that has them, which decides by its
// own configuration; then here to take away, with the proof that nobody changed them.
import { useState } from 'preact/hooks';
import { APPROVE, part, send, url, type Session } from '../toolkit/api';
import { number, shortMoment, nsOf, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Ask, At, Badge, Card, Choice, Code, Empty, Shown, type Tone } from '../toolkit/ui';
import { sentence } from '../parts/sentences';
import { threatName } from '../parts/threats';
import { may } from '../parts/words';
import type { IncidentFull, Moment } from './data';
import { isVendor, scoped } from './scope';
import { Signed, tell } from './shared';

interface Piece {
  id: string; time: string; sensor: string; alert: string; account_of: string; account: string; reason: string; state: string; answer: string;
  answered: Moment; file: string; sha256: string; size: number | null; have: number | null;
}

const tones: Record<string, Tone> = { sent: 'info', done: 'good', refused: 'danger' };

function PacketsAsk({ i, again }: { i: IncidentFull; again: () => void }) {
  const [alert, setAlert] = useState(i.alerts[0].id);
  const of = i.alerts.find((a) => a.id === alert) ?? i.alerts[0];
  return (
    <Ask button={t('packets-ask')} title={t('packets-ask')} confirm={t('packets-ask')} done={(a) => { tell('packets-asked', of.sensor, a); again(); }}
      onDo={(reason) => send('POST', 'evidence', { sensor: of.sensor, alert: of.id, reason })}>
      <p>{t('packets-about')}</p>
      <Choice label={t('alert')} value={alert} onValue={setAlert}
        options={i.alerts.slice(0, 100).map((a): [string, string] => [a.id, `${shortMoment(nsOf(a.time))} ${threatName(a.msg)}`])} />
    </Ask>
  );
}

function One({ p, i, session }: { p: Piece; i: IncidentFull; session: Session }) {
  const of = i.alerts.find((a) => a.id === p.alert);
  const whole = p.size !== null && p.have === p.size, theirs = isVendor(session) && p.account_of !== '';
  return (
    <li>
      <p class="step-head"><Badge tone={tones[p.state] ?? 'info'}>{word('packets', p.state)}</Badge> {of && <b>{threatName(of.msg)}</b>} {of && <At time={of.time} exact />}</p>
      {p.state === 'refused' && <p>{sentence(p.answer)}</p>}
      {p.state === 'sent' && <p class="faint">{p.size ? t('packets-here', { have: number(p.have ?? 0), size: number(p.size) }) : t('packets-wait', { name: p.sensor })}</p>}
      {whole && <p class="faint">SHA-256 <Code>{p.sha256}</Code></p>}
      {whole && theirs && <p class="faint">{t('packets-theirs')}</p>}
      {whole && !theirs && may(session, APPROVE) && (
        <div class="actions tight">
          <a class="button" href={url(`evidence/${part(p.id)}?format=pcapng`)} download>{t('packets-pcapng', { size: number(Math.max(1, Math.round(p.size! / 1000))) })}</a>
          <a class="button" href={url(`evidence/${part(p.id)}?format=tar`)} download>{t('packets-proof')}</a>
        </div>
      )}
      <p>{p.reason}</p>
      <Signed who={p.account} time={p.time} />
    </li>
  );
}

export function Packets({ i, session }: { i: IncidentFull; session: Session }) {
  const list = useApi<{ evidence: Piece[] }>('evidence' + scoped({ site: i.site, most: 500 }), 'orders');
  const alerts = new Set(i.alerts.map((a) => a.id)), mayAsk = may(session, APPROVE) && i.alerts.length > 0;
  return (
    <Card title={t('evidence')} tools={mayAsk && <PacketsAsk i={i} again={list.again} />}>
      <Shown of={list}>
        {({ evidence }) => {
          const mine = evidence.filter((p) => alerts.has(p.alert));
          if (!mine.length) return <Empty>{t(mayAsk ? 'no-evidence' : 'no-evidence-asked')}</Empty>;
          return <ul class="plain-list">{mine.map((p) => <One key={p.id} p={p} i={i} session={session} />)}</ul>;
        }}
      </Shown>
    </Card>
  );
}
