// The length of a text as the server measures it (Community.Characters): a web address counts 23, whatever its length,
// and of a mention with the site's own host the name alone.

const link = /(?<![/=&#@_\p{L}\p{N}\p{M}])(?:https?:\/\/[^\s\p{Cc}\p{Cf}\uFFFD<>"`{}|\\^]+|@(\w{1,30})@([\p{L}\p{N}\p{M}_.:-]+)(?!@))/giu;
const runes = (text) => [...text].length;

export function characters(text, home) {
  let n = 0;
  let done = 0;
  link.lastIndex = 0;
  for (let m = link.exec(text); m; m = link.exec(text)) {
    const found = m[1] ? mention(m, home) : address(m[0]);
    link.lastIndex = m.index + (found.length || 1);
    if (!found) continue;
    n += runes(text.slice(done, m.index)) + (m[1] ? 1 + m[1].length : 23);
    done = link.lastIndex;
  }
  return n + runes(text.slice(done));
}

// address is the part of the text that is an address: up to a parenthesis that was opened outside, and without the
// punctuation that ends a sentence.
function address(text) {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') open++;
    if (text[i] === ')' && --open < 0) text = text.slice(0, i);
  }
  text = text.replace(/[.,;:!?'…]+$/u, '');
  const [path] = text.split('?');
  if (/^https?:\/\/(\/|$)/i.test(text) || /%(?![0-9a-f]{2})/i.test(path)) return '';
  const url = parsed(text);
  return url && !url.username && !url.password ? text : '';
}

function mention([text, , host], home) {
  const own = new URL(home);
  const given = parsed(own.protocol + '//' + host.replace(/[.:-]+$/, ''));
  const clean = (url) => url.host.replace(/\.(?=:|$)/, '');
  return given && clean(given) === clean(own) ? text.slice(0, text.length - host.length) + host.replace(/[.:-]+$/, '') : '';
}

function parsed(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
