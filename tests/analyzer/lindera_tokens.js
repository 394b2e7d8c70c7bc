// Writes expected/decompose.jsonl to standard output: what lindera itself makes of long compounds in
// both modes. Needs npm's lindera-wasm-nodejs-ipadic 2.0.0; run it where that is installed.
const { TokenizerBuilder } = require("lindera-wasm-nodejs-ipadic");

const TEXTS = [
  "関西国際空港限定トートバッグを買いました。",
  "東京スカイツリーの最寄り駅はとうきょうスカイツリー駅です。",
  "東京都庁と自然言語処理学会",
  "日本経済新聞でコンピューターソフトウェアを見た",
];

for (const mode of ["normal", "decompose"]) {
  for (const text of TEXTS) {
    const builder = new TokenizerBuilder();
    builder.setDictionary("embedded://ipadic");
    builder.setMode(mode);
    const tokens = builder.build().tokenize(text)
      .map((token, i) => [token.surface, i, token.byteStart, token.byteEnd]);
    const params = { tokenizer: { type: "lindera", dict_kind: "ipadic", mode } };
    console.log(JSON.stringify({ params, text, tokens }));
  }
}
