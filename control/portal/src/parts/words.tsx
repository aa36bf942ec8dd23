// What a site's pages and the centre's say alike: states of a cut, techniques, languages.
import type { Session } from '../toolkit/api';
import { currentLanguage, t, word } from '../toolkit/i18n';
import { Badge, Time, type Tone } from '../toolkit/ui';
import { techniqueName } from './attack';

export const may = (s: Session, right: number): boolean => (s.may & right) === right;

/** The text in the reader's language. */
export const inLanguage = <T,>(en: T, ja: T): T => (currentLanguage() === 'ja' && ja ? ja : en);

const stateTones: Record<string, Tone> = {
  held: 'warning', requested: 'info', sent: 'info', acked: 'info', verified: 'good', quiet: 'caution',
  'still-seen': 'danger', failed: 'danger', releasing: 'info', ending: 'info', refused: 'plain',
};

export function CutState({ state }: { state: string }) {
  return <Badge tone={stateTones[state] ?? 'plain'}>{word('cut', state)}</Badge>;
}

/** "suzuki, Windows 10, client": what a host is used as, in the reader's language. */
export const aboutHost = (about: string): string => about.split(', ').map((x) => word('use', x)).join(', ');

/** "T1071.001" leads nowhere outside: no page here asks another site. */
export function Technique({ id }: { id: string }) {
  const name = techniqueName(id);
  return <Badge tone="info">{name ? <abbr title={name}>{id}</abbr> : id}</Badge>;
}

/** When a cut came to each state; ns since 1970, 0 = not yet. */
export interface Lived {
  detected: number; reported?: number; ordered: number; acked: number; verified: number; released: number; opened: number;
}

/** Seconds from the first sign to each moment, on one line. */
export function Moments({ cut }: { cut: Lived }) {
  const first = cut.detected || cut.opened;
  const list: [string, number][] = [
    [t('moment.detected'), cut.detected], ...(cut.reported ? [[t('moment.reported'), cut.reported] as [string, number]] : []), [t('moment.ordered'), cut.ordered],
    [t('moment.acked'), cut.acked], [t('moment.verified'), cut.verified], [t('moment.released'), cut.released],
  ];
  return (
    <ol class="moments">
      {list.map(([name, ns]) => (
        <li class={ns ? 'reached' : ''}>
          <b>{name}</b>
          <span>{ns ? <Time ns={ns} exact /> : t('not-yet')}</span>
          {ns > first && <small>+{((ns - first) / 1e9).toFixed(ns - first < 60e9 ? 2 : 0)} s</small>}
        </li>
      ))}
    </ol>
  );
}
