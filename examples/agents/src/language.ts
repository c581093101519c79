/**
 * Words that carry no subject, for the languages that this program knows, and a guess at which of them a text is in.
 */

export type Language = "en" | "de" | "fr" | "es" | "unknown";

const list = (words: string): ReadonlySet<string> => new Set(words.split(" "));

const STOPS: Readonly<Record<Exclude<Language, "unknown">, ReadonlySet<string>>> = {
  en: list(
    "a about above accordingly across after afterwards again against all almost alone along already also although always am among amongst an and another any anybody anyone anything are around as aside at away back be became because become becomes been before began begin behind being below beside besides between beyond both but by called came can cannot certain come comes consequently could did do does doing done down due during each either else enough especially etc even ever every everybody everyone everything except far few first following for former from further gave generally get gets give given go goes going gone got great had has have having he hence her here hers herself him himself his how however i if in indeed instead into is it its itself just keep kept know known last latter least less let like little long made make makes making many may me might mine more moreover most much must my myself near nearly neither never nevertheless next no nobody none nor not nothing now of off often on once one ones only onto or other others otherwise ought our ours out over own particular per perhaps place placed possible probable probably put quite rather really respecting said same saw say says second see seem seemed seems seen several shall she should shown side since small so some somebody someone something sometimes soon still such take taken takes taking than that the their theirs them themselves then there thereby therefore these they thing things think this those though through throughout thus to together told too took toward towards under unless until up upon upwards us use used using usually very via want was way we well went were what whatever when whenever where whereas whether which while who whole whom whose why will with within without would yet you your yours third half mr mrs ms dr st don't doesn't didn't can't won't isn't aren't wasn't weren't i'm it's that's there's we're they're you're i've we've also particularly nay day days week weeks month months year years hour hours minute minutes january february march april june july august september october november december monday tuesday wednesday thursday friday saturday sunday evening morning night three four five six seven eight nine ten two hundred thousand million billion zero eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety dozen case person people instance number circumstance manner amount part sort kind sent case degree spot sudden increase",
  ),
  de: list(
    "aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist da dadurch daher damit dann darauf das dass daß dem den denn der des dessen deren dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch euer für gegen gewesen hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist ja jede jedem jeden jeder jedes jedoch jene jetzt kann kein keine keinem keinen können könnte mehr man manche mein meine mich mir mit muss musste nach nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner seit sich sie sind so solche soll sollte sondern sonst über um und uns unser unter vom von vor während war waren warum was weg weil weiter welche wenn wer werde werden wie wieder will wir wird wo wollen worden wurde wurden zu zum zur zwar zwischen",
  ),
  fr: list(
    "à afin ai ainsi alors au aucun aucune aujourd'hui aussi autre autres aux avaient avait avant avec avoir beaucoup car ce ceci cela celle celles celui cependant ces cet cette ceux chaque chez ci comme comment contre d'un d'une dans de depuis des deux dire doit donc dont du elle elles en encore entre est et étaient était été être eu eux fait faire faut fois font il ils j'ai je jusqu la là le les leur leurs lors lorsque lui ma mais me même mêmes mes moi moins mon ne ni non nos notre nous on ont ou où par parce pas pendant peu peut peuvent plus pour pourquoi puis qu'il qu'ils qu'elle quand que quel quelle quelles quelque quelques quels qui quoi rien sa sans se selon sera ses si soit son sont sous sur ta tandis te tes toi ton toujours tous tout toute toutes très tu un une va vers voici voilà vos votre vous y",
  ),
  es: list(
    "a al algo algunas algunos ante antes aquel aquella así aún aunque bajo bien cada casi como con contra cual cuando de del desde donde dos durante e el él ella ellas ellos en entre era eran es esa esas ese eso esos esta está estaba están estas este esto estos fue fueron ha había habían han hasta hay la las le les lo los más me mi mientras mis mismo mucho muchos muy nada ni no nos nosotros nuestra nuestro o os otra otras otro otros para pero poco por porque pues que qué quien se sea según ser si sí sido sin sino sobre son su sus también tan tanto te tiene tienen toda todas todo todos tras tu tus un una unas uno unos usted y ya yo",
  ),
};

/** Guesses the language from its most common words; `unknown` if too few of them are there. */
export function languageOf(text: string): Language {
  const sample =
    text
      .slice(0, 20_000)
      .toLowerCase()
      .match(/[\p{L}'’]+/gu) ?? [];
  let best: Language = "unknown";
  let most = Math.max(1, sample.length * 0.12);
  for (const [language, stops] of Object.entries(STOPS) as [Exclude<Language, "unknown">, ReadonlySet<string>][]) {
    const hits = sample.filter((word) => stops.has(word)).length;
    if (hits > most) {
      best = language;
      most = hits;
    }
  }
  return best;
}

/** Whether a lower-case word carries no subject. Of an unknown language only very short Latin words are taken for such. */
export function isStop(word: string, language: Language): boolean {
  if (language === "unknown") return /^[\p{Script=Latin}'’]{1,3}$/u.test(word) || STOPS.en.has(word);
  return STOPS[language].has(word.replaceAll("’", "'"));
}
