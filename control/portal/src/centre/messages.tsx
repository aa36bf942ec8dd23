// Texts of emergency messages (C3): which of them are the vendor's own, with tokens, a preview as one
// types and a message to try.
import { useEffect, useRef, useState } from 'preact/hooks';
import { part, send } from '../toolkit/api';
import { t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Ask, Badge, Button, Card, Choice, Page, say, Shown, Table, TextArea } from '../toolkit/ui';

interface Template { kind: string; part: string; language: string; text: string }

const PARTS = ['subject', 'body', 'webhook'];
const KINDS = ['incident', 'cut', 'silent', 'mirror', 'rate', 'certificate', 'licence', 'disk', 'report', 'mail', 'clock', 'self-test', 'test'];
const TOKENS = ['title', 'text', 'kind', 'customer', 'site', 'host', 'time', 'number', 'more', 'link'];
const kindText = (kind: string): string => (kind ? word('emergency', kind) : t('every-kind'));

/** What it would look like, asked for when one stops typing. */
function Preview({ of, text, language }: { of: string; text: string; language: string }) {
  const [shown, set] = useState<{ text?: string; error?: string }>({});
  useEffect(() => {
    if (!text.trim()) {
      set({});
      return;
    }
    let mine = true;
    const timer = setTimeout(() => void send<{ text: string }>('POST', `templates/${of}/preview`, { text, language }).then(
      (a) => mine && set({ text: a.text }), (e: Error) => mine && set({ error: e.message })), 300);
    return () => {
      mine = false;
      clearTimeout(timer);
    };
  }, [of, text, language]);
  return (
    <div class="preview" aria-live="polite">
      <h3>{t('template-preview')}</h3>
      {!text.trim() && <p class="faint">{t('template-none')}</p>}
      {shown.error && <p class="note bad" role="alert">{shown.error}</p>}
      {shown.text !== undefined && <pre class="code" tabIndex={0}>{shown.text}</pre>}
    </div>
  );
}

function Editor({ all, again }: { all: Template[]; again: () => void }) {
  const [of, setOf] = useState('body');
  const [kind, setKind] = useState('');
  const [language, setLanguage] = useState('ja');
  const own = all.find((x) => x.part === of && x.kind === kind && x.language === language)?.text ?? '';
  const [text, setText] = useState(own);
  const field = useRef<HTMLDivElement>(null);
  useEffect(() => setText(own), [of, kind, language, own]);
  const insert = (token: string) => {
    const area = field.current?.querySelector('textarea');
    const at = area?.selectionStart ?? text.length;
    setText(`${text.slice(0, at)}{{${token}}}${text.slice(area?.selectionEnd ?? at)}`);
    area?.focus();
  };
  const put = (what: string) => send('PUT', `templates/${part(of)}`, { kind, language, text: what });
  const done = () => {
    say(t('template-kept'));
    again();
  };
  return (
    <Card title={t('template-edit')}>
      <p class="faint">{t('template-about')}</p>
      <div class="row-form">
        <Choice label={t('template-part')} value={of} onValue={setOf} options={PARTS.map((p): [string, string] => [p, word('template-part', p)])} />
        <Choice label={t('kind')} value={kind} onValue={setKind} options={['', ...KINDS].map((k): [string, string] => [k, kindText(k)])} />
        <Choice label={t('language')} value={language} onValue={setLanguage} options={[['ja', '日本語'], ['en', 'English']]} />
      </div>
      <div class="columns">
        <div ref={field}>
          <TextArea label={t('template-text')} class="mono" rows={of === 'subject' ? 2 : 10} spellcheck={false} value={text} onValue={setText} maxLength={8000} />
          <p class="faint">{t('tokens')}</p>
          <div class="chips" role="group" aria-label={t('tokens')}>
            {TOKENS.map((x) => <button type="button" class="chip" title={t(`token.${x}`)} onClick={() => insert(x)}>{`{{${x}}}`}<span>{t(`token.${x}`)}</span></button>)}
          </div>
        </div>
        <Preview of={of} text={text} language={language} />
      </div>
      <div class="actions">
        {!text && <Button kind="quiet" onClick={() => setText(t(`template-example.${of}`))}>{t('template-example')}</Button>}
        {own && <Ask button={t('template-back')} title={t('template-back')} confirm={t('template-back')} reasonless onDo={() => put('')} done={done}><p>{t('template-back-about')}</p></Ask>}
        <Button kind="main" disabled={!text.trim() || text === own} onClick={() => void put(text).then(done, (e: Error) => say(e.message))}>{t('keep')}</Button>
      </div>
    </Card>
  );
}

export function Messages() {
  const list = useApi<{ templates: Template[] }>('templates', 'recipients', 'state');
  const test = () => void send('POST', 'recipients/test', {}).then(() => say(t('test-sent')), (e: Error) => say(e.message));
  return (
    <Page title={t('messages')} tools={<Button onClick={test}>{t('test-send')}</Button>}>
      <Shown of={list}>
        {({ templates }) => (
          <>
            <Editor all={templates} again={list.again} />
            <Card title={t('templates-own')}>
              <Table dense label={t('templates-own')} rows={templates} id={(x) => x.kind + x.part + x.language} empty={t('no-template')}
                columns={[
                  { title: t('template-part'), sort: (x) => x.part, cell: (x) => <Badge>{word('template-part', x.part)}</Badge> },
                  { title: t('kind'), sort: (x) => x.kind, cell: (x) => kindText(x.kind) },
                  { title: t('language'), sort: (x) => x.language, cell: (x) => (x.language === 'en' ? 'English' : '日本語') },
                  { title: t('template-text'), wide: true, cell: (x) => <code class="code">{x.text}</code> },
                ]} />
            </Card>
          </>
        )}
      </Shown>
    </Page>
  );
}
