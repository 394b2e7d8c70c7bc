// Prints the tokens of Lucene's tokenizers and filters and of ICU4J, for make_expected.py. Reads
// lines "CHAIN<tab>TEXT"; a chain is a tokenizer and filters with commas between. Prints a line for
// each: "TERM<unit>POSITION<unit>START<unit>END" with a record separator between tokens. Offsets
// count UTF-16 units.
import com.ibm.icu.text.BreakIterator;
import com.ibm.icu.util.ULocale;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.StringJoiner;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.StopFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.core.DecimalDigitFilter;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.ngram.NGramTokenizer;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;

public class LuceneTokens {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null;) {
            String[] parts = line.split("\t", 2);
            String text = parts[1].replace("\\t", "\t");
            out.println(parts[0].equals("icu") ? icu(text) : lucene(parts[0].split(","), text));
        }
    }

    static String icu(String text) {
        BreakIterator breaks = BreakIterator.getWordInstance(ULocale.ROOT);
        breaks.setText(text);
        StringJoiner tokens = new StringJoiner("\u001e");
        int start = breaks.first();
        for (int end = breaks.next(); end != BreakIterator.DONE; start = end, end = breaks.next()) {
            tokens.add(token(text.substring(start, end), 0, start, end));
        }
        return tokens.toString();
    }

    static String token(String term, int position, int start, int end) {
        return term + "\u001f" + position + "\u001f" + start + "\u001f" + end;
    }

    static Tokenizer tokenizer(String name) {
        switch (name) {
            case "whitespace":
                return new WhitespaceTokenizer();
            case "ngram":
                return new NGramTokenizer(2, 3);
            default:
                return new StandardTokenizer();
        }
    }

    static TokenStream filter(String name, TokenStream in) {
        switch (name) {
            case "lowercase":
                return new LowerCaseFilter(in);
            case "asciifolding":
                return new ASCIIFoldingFilter(in);
            case "decimaldigit":
                return new DecimalDigitFilter(in);
            default:
                return new StopFilter(in, EnglishAnalyzer.ENGLISH_STOP_WORDS_SET);
        }
    }

    static String lucene(String[] chain, String text) throws Exception {
        Tokenizer tokenizer = tokenizer(chain[0]);
        tokenizer.setReader(new StringReader(text));
        TokenStream stream = tokenizer;
        for (String name : Arrays.copyOfRange(chain, 1, chain.length)) {
            stream = filter(name, stream);
        }
        CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
        OffsetAttribute offset = stream.addAttribute(OffsetAttribute.class);
        PositionIncrementAttribute step = stream.addAttribute(PositionIncrementAttribute.class);
        StringJoiner tokens = new StringJoiner("\u001e");
        int position = -1;
        for (stream.reset(); stream.incrementToken();) {
            position += step.getPositionIncrement();
            tokens.add(token(term.toString(), position, offset.startOffset(), offset.endOffset()));
        }
        stream.close();
        return tokens.toString();
    }
}
