// LuceneSide: Lucene's side of the full-text benchmark (text_vs_lucene.py).
//
//   build CORPUS INDEX_DIR            one segment, reordered by recursive graph bisection
//   search INDEX_DIR QUERIES ROUNDS ANSWERS_OUT
//
// Both print one line of JSON. Times are the CPU time of the one thread that works, so that other
// programs on the machine do not count; the wall time stands beside it. A document is a line, its
// tokens are parted by blanks; `row` is the number of the line.
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.misc.index.BPIndexReorderer;
import org.apache.lucene.misc.index.BPReorderingMergePolicy;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.MMapDirectory;

public final class LuceneSide {
  private static final String FIELD = "text";
  private static final int HITS = 10;

  private record Asked(String kind, Query query) {}

  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("build")) {
      build(Path.of(args[1]), Path.of(args[2]));
    } else {
      search(Path.of(args[1]), Path.of(args[2]), Integer.parseInt(args[3]), Path.of(args[4]));
    }
  }

  private static void build(Path corpus, Path where) throws Exception {
    final BPIndexReorderer reorderer = new BPIndexReorderer();
    final long documents;
    try (var lines = Files.lines(corpus)) {
      documents = lines.count();
    }
    // Its default (4,096) is meant for millions of documents and finds nothing in thousands.
    reorderer.setMinDocFreq((int) Math.min(BPIndexReorderer.DEFAULT_MIN_DOC_FREQ, Math.max(32, documents / 500)));
    reorderer.setRAMBudgetMB(2048);
    final Path parts = where.resolveSibling(where.getFileName() + ".parts");
    final IndexWriterConfig adding = new IndexWriterConfig(new WhitespaceAnalyzer());
    adding.setRAMBufferSizeMB(1024);
    adding.setMergePolicy(NoMergePolicy.INSTANCE);
    final IndexWriterConfig merging = new IndexWriterConfig();
    merging.setUseCompoundFile(false);
    merging.setMergeScheduler(new SerialMergeScheduler());
    final TieredMergePolicy tiered = new TieredMergePolicy();
    tiered.setNoCFSRatio(0);
    final BPReorderingMergePolicy policy = new BPReorderingMergePolicy(tiered, reorderer);
    policy.setMinNaturalMergeNumDocs(1);
    merging.setMergePolicy(policy);
    final long wall = System.nanoTime();
    final long cpu = cpuNanos();
    final long added;
    final long written;
    try (FSDirectory parted = FSDirectory.open(parts)) {
      try (IndexWriter writer = new IndexWriter(parted, adding);
          BufferedReader lines = Files.newBufferedReader(corpus)) {
        final Document document = new Document();
        final Field text = new Field(FIELD, "", TextField.TYPE_NOT_STORED);
        final NumericDocValuesField row = new NumericDocValuesField("row", 0);
        document.add(text);
        document.add(row);
        long number = 0;
        for (String line; (line = lines.readLine()) != null; ++number) {
          text.setStringValue(line);
          row.setLongValue(number);
          writer.addDocument(document);
        }
        writer.commit();
        added = cpuNanos() - cpu;
      }
      // One merge of all parts into one segment, which also puts the documents in their order.
      try (DirectoryReader reader = DirectoryReader.open(parted);
          FSDirectory directory = FSDirectory.open(where);
          IndexWriter writer = new IndexWriter(directory, merging)) {
        final List<CodecReader> readers = new ArrayList<>();
        for (LeafReaderContext leaf : reader.leaves()) {
          readers.add((CodecReader) leaf.reader());
        }
        writer.addIndexes(readers.toArray(new CodecReader[0]));
        writer.commit();
        written = cpuNanos() - cpu;
      }
    }
    long bytes = 0;
    try (var files = Files.list(where)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        bytes += Files.size(file);
      }
    }
    System.out.printf(
        "{\"documents\": %d, \"build_cpu_s\": %.3f, \"added_cpu_s\": %.3f, \"build_wall_s\": %.3f, \"bytes\": %d}%n",
        documents, written / 1e9, added / 1e9, (System.nanoTime() - wall) / 1e9, bytes);
  }

  private static Query parse(String kind, String[] words) {
    if (kind.endsWith("phrase")) {
      return new PhraseQuery(FIELD, words);
    }
    final Occur occur = kind.endsWith("intersection") ? Occur.MUST : Occur.SHOULD;
    final BooleanQuery.Builder builder = new BooleanQuery.Builder();
    for (String word : words) {
      builder.add(new TermQuery(new Term(FIELD, word)), occur);
    }
    return builder.build();
  }

  private static Map<String, List<Asked>> read(Path file) throws Exception {
    final Map<String, List<Asked>> kinds = new LinkedHashMap<>();
    for (String line : Files.readAllLines(file)) {
      final String[] parts = line.split("\t");
      kinds.computeIfAbsent(parts[0], kind -> new ArrayList<>())
          .add(new Asked(parts[0], parse(parts[0], parts[1].split(" "))));
    }
    return kinds;
  }

  private static TopDocs top(IndexSearcher searcher, Query query) throws Exception {
    // Scores only: hits are not counted past those that are needed.
    return searcher.search(query, new TopScoreDocCollectorManager(HITS, null, 1));
  }

  private static long answer(IndexSearcher searcher, Asked asked) throws Exception {
    if (asked.kind.startsWith("count")) {
      return searcher.count(asked.query);
    }
    return top(searcher, asked.query).scoreDocs.length;
  }

  private static void writeAnswers(IndexSearcher searcher, Map<String, List<Asked>> kinds, Path out)
      throws Exception {
    final NumericDocValues[] rows = {null};
    try (PrintWriter answers = new PrintWriter(out.toFile())) {
      for (List<Asked> list : kinds.values()) {
        for (Asked asked : list) {
          if (asked.kind.startsWith("count")) {
            answers.println(searcher.count(asked.query));
            continue;
          }
          final StringBuilder line = new StringBuilder();
          for (ScoreDoc hit : top(searcher, asked.query).scoreDocs) {
            rows[0] = searcher.getIndexReader().leaves().get(0).reader().getNumericDocValues("row");
            rows[0].advanceExact(hit.doc);
            line.append(rows[0].longValue()).append(':').append(hit.score).append(' ');
          }
          answers.println(line.toString().trim());
        }
      }
    }
  }

  private static void search(Path where, Path queries, int rounds, Path out) throws Exception {
    final Map<String, List<Asked>> kinds = read(queries);
    try (MMapDirectory directory = new MMapDirectory(where);
        DirectoryReader reader = DirectoryReader.open(directory)) {
      if (reader.leaves().size() != 1) {
        throw new IllegalStateException("more than one segment");
      }
      final IndexSearcher searcher = new IndexSearcher(reader);
      searcher.setQueryCache(null);
      writeAnswers(searcher, kinds, out);
      final StringBuilder json = new StringBuilder("{");
      long checked = 0;
      for (int warm = 0; warm < 3; ++warm) {
        for (List<Asked> list : kinds.values()) {
          for (Asked asked : list) {
            checked += answer(searcher, asked);
          }
        }
      }
      for (var entry : kinds.entrySet()) {
        final double[] cpu = new double[rounds];
        final double[] wall = new double[rounds];
        for (int round = 0; round < rounds; ++round) {
          final long cpuStart = cpuNanos();
          final long wallStart = System.nanoTime();
          for (Asked asked : entry.getValue()) {
            checked += answer(searcher, asked);
          }
          wall[round] = (System.nanoTime() - wallStart) / 1e3 / entry.getValue().size();
          cpu[round] = (cpuNanos() - cpuStart) / 1e3 / entry.getValue().size();
        }
        Arrays.sort(cpu);
        Arrays.sort(wall);
        json.append(String.format("\"%s\": {\"cpu_us\": %.2f, \"wall_us\": %.2f}, ", entry.getKey(),
            cpu[rounds / 2], wall[rounds / 2]));
      }
      json.append("\"checked\": ").append(checked).append("}");
      System.out.println(json);
    }
  }
}
