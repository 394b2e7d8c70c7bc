// Prints the tables that the analyzers share with Lucene, for tools/make_lucene_tables.py:
// "F code ascii" for each letter that ASCIIFoldingFilter changes, "S list word" for each stop word.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.TreeSet;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;

public class LuceneTables {
    static final String[] SNOWBALL = {"danish", "dutch", "finnish", "french", "german", "hungarian",
        "italian", "norwegian", "portuguese", "russian", "spanish", "swedish"};
    static PrintStream out;

    public static void main(String[] args) throws Exception {
        out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (int code = 0x80; code < 0x10000; ++code) {
            if (code >= 0xd800 && code < 0xe000) {
                continue;
            }
            char[] folded = new char[4];
            int length = ASCIIFoldingFilter.foldToASCII(new char[] {(char) code}, 0, folded, 0, 1);
            String text = new String(folded, 0, length);
            if (!text.equals(String.valueOf((char) code))) {
                out.println("F " + code + " " + text);
            }
        }
        for (Object word : new TreeSet<>(EnglishAnalyzer.ENGLISH_STOP_WORDS_SET.stream()
                .map(w -> new String((char[]) w)).toList())) {
            out.println("S english " + word);
        }
        for (String language : SNOWBALL) {
            print(language, "/org/apache/lucene/analysis/snowball/" + language + "_stop.txt", "|");
        }
        print("arabic", "/org/apache/lucene/analysis/ar/stopwords.txt", "#");
        print("thai", "/org/apache/lucene/analysis/th/stopwords.txt", "#");
    }

    static void print(String list, String resource, String comment) throws Exception {
        TreeSet<String> words = new TreeSet<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                LuceneTables.class.getResourceAsStream(resource), StandardCharsets.UTF_8))) {
            for (String line; (line = lines.readLine()) != null;) {
                int end = line.indexOf(comment);
                for (String word : (end < 0 ? line : line.substring(0, end)).trim().split("\\s+")) {
                    if (!word.isEmpty()) {
                        words.add(word);
                    }
                }
            }
        }
        for (String word : words) {
            out.println("S " + list + " " + word);
        }
    }
}
