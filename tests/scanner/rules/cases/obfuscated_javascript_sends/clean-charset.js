/* What is only written in escapes, by no obfuscator. */
const names = { fetch: '\x66\x65\x74\x63\x68', cookie: '\x63\x6f\x6f\x6b\x69\x65' };
export const documented = Object.keys(names).map((k) => k + ' is written ' + names[k]);
console['log']('https://docs.example.org/' + documented.length);
