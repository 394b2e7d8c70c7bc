// The Go client as its users use it, against a running server (ELANUS_ADDRESS).
package client

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/milvus-io/milvus/client/v2/column"
	"github.com/milvus-io/milvus/client/v2/entity"
	"github.com/milvus-io/milvus/client/v2/index"
	"github.com/milvus-io/milvus/client/v2/milvusclient"
)

const (
	dim  = 8
	rows = 200
)

func connect(t *testing.T) (context.Context, *milvusclient.Client) {
	t.Helper()
	address := os.Getenv("ELANUS_ADDRESS")
	if address == "" {
		t.Skip("no ELANUS_ADDRESS")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	client, err := milvusclient.New(ctx, &milvusclient.ClientConfig{Address: address})
	must(t, err)
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	return ctx, client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func vectorOf(seed int) []float32 {
	vector := make([]float32, dim)
	for i := range vector {
		vector[i] = float32(math.Sin(float64(seed*dim + i)))
	}
	return vector
}

// filled makes a loaded collection with `rows` rows: id i, number 10 i, text "row i".
func filled(t *testing.T, ctx context.Context, client *milvusclient.Client) string {
	t.Helper()
	name := fmt.Sprintf("go_%s_%d", t.Name(), os.Getpid())
	schema := entity.NewSchema().WithDynamicFieldEnabled(false).
		WithField(entity.NewField().WithName("id").WithDataType(entity.FieldTypeInt64).WithIsPrimaryKey(true)).
		WithField(entity.NewField().WithName("vector").WithDataType(entity.FieldTypeFloatVector).WithDim(dim)).
		WithField(entity.NewField().WithName("number").WithDataType(entity.FieldTypeInt64)).
		WithField(entity.NewField().WithName("text").WithDataType(entity.FieldTypeVarChar).WithMaxLength(50))
	must(t, client.CreateCollection(ctx, milvusclient.NewCreateCollectionOption(name, schema).
		WithConsistencyLevel(entity.ClStrong).
		WithIndexOptions(milvusclient.NewCreateIndexOption(name, "vector", index.NewHNSWIndex(entity.L2, 8, 64)))))
	t.Cleanup(func() {
		_ = client.DropCollection(context.Background(), milvusclient.NewDropCollectionOption(name))
	})
	task, err := client.LoadCollection(ctx, milvusclient.NewLoadCollectionOption(name))
	must(t, err)
	must(t, task.Await(ctx))
	insertRows(t, ctx, client, name)
	return name
}

func insertRows(t *testing.T, ctx context.Context, client *milvusclient.Client, name string) {
	t.Helper()
	var ids, numbers []int64
	var texts []string
	var vectors [][]float32
	for i := 0; i < rows; i++ {
		ids, numbers = append(ids, int64(i)), append(numbers, int64(i*10))
		texts, vectors = append(texts, fmt.Sprintf("row %d", i)), append(vectors, vectorOf(i))
	}
	result, err := client.Insert(ctx, milvusclient.NewColumnBasedInsertOption(name).
		WithInt64Column("id", ids).WithInt64Column("number", numbers).
		WithVarcharColumn("text", texts).WithFloatVectorColumn("vector", dim, vectors))
	must(t, err)
	if result.InsertCount != rows {
		t.Fatalf("inserted %d", result.InsertCount)
	}
}

func countOf(t *testing.T, ctx context.Context, client *milvusclient.Client, name, filter string) int64 {
	t.Helper()
	result, err := client.Query(ctx, milvusclient.NewQueryOption(name).WithFilter(filter).
		WithOutputFields("count(*)").WithConsistencyLevel(entity.ClStrong))
	must(t, err)
	count, err := result.GetColumn("count(*)").GetAsInt64(0)
	must(t, err)
	return count
}

func TestVersionIsOneOfMilvus26(t *testing.T) {
	ctx, client := connect(t)
	version, err := client.GetServerVersion(ctx, milvusclient.NewGetServerVersionOption())
	must(t, err)
	if !strings.HasPrefix(strings.TrimPrefix(version, "v"), "2.6.") {
		t.Fatalf("version %q", version)
	}
}

func TestSchemaIsDescribed(t *testing.T) {
	ctx, client := connect(t)
	name := filled(t, ctx, client)
	about, err := client.DescribeCollection(ctx, milvusclient.NewDescribeCollectionOption(name))
	must(t, err)
	if len(about.Schema.Fields) != 4 || about.Schema.Fields[0].ID != 100 {
		t.Fatalf("%+v", about)
	}
	has, err := client.HasCollection(ctx, milvusclient.NewHasCollectionOption("nothing"))
	must(t, err)
	if has {
		t.Fatal("a collection that was never made")
	}
}

func TestSearchFindsTheNearestWithItsFields(t *testing.T) {
	ctx, client := connect(t)
	name := filled(t, ctx, client)
	queries := []entity.Vector{entity.FloatVector(vectorOf(17)), entity.FloatVector(vectorOf(3))}
	results, err := client.Search(ctx, milvusclient.NewSearchOption(name, 5, queries).
		WithANNSField("vector").WithOutputFields("number", "text"))
	must(t, err)
	for i, want := range []int64{17, 3} {
		id, err := results[i].IDs.GetAsInt64(0)
		must(t, err)
		number, err := results[i].GetColumn("number").GetAsInt64(0)
		must(t, err)
		text, err := results[i].GetColumn("text").GetAsString(0)
		must(t, err)
		if id != want || number != want*10 || text != fmt.Sprintf("row %d", want) || results[i].Scores[0] > 1e-5 {
			t.Errorf("query %d: id %d number %d text %q score %f", i, id, number, text, results[i].Scores[0])
		}
		if results[i].ResultCount != 5 {
			t.Errorf("query %d: %d hits", i, results[i].ResultCount)
		}
	}
}

func TestHybridSearchFusesItsLists(t *testing.T) {
	ctx, client := connect(t)
	name := filled(t, ctx, client)
	near := entity.FloatVector(vectorOf(17))
	lists := []*milvusclient.AnnRequest{
		milvusclient.NewAnnRequest("vector", 4, near),
		milvusclient.NewAnnRequest("vector", 4, near).WithFilter("number > {least}").WithTemplateParam("least", 170),
	}
	results, err := client.HybridSearch(ctx, milvusclient.NewHybridSearchOption(name, 8, lists...).
		WithReranker(milvusclient.NewRRFReranker()).WithOutputFields("number"))
	must(t, err)
	scores := map[int64]float32{}
	for i := 0; i < results[0].ResultCount; i++ {
		id, err := results[0].IDs.GetAsInt64(i)
		must(t, err)
		number, err := results[0].GetColumn("number").GetAsInt64(i)
		must(t, err)
		if number != id*10 {
			t.Errorf("id %d number %d", id, number)
		}
		scores[id] = results[0].Scores[i]
	}
	if math.Abs(float64(scores[17])-1.0/61) > 1e-6 { // first of the first list, not in the second
		t.Errorf("scores %v", scores)
	}
	decay := entity.NewFunction().WithName("f").WithType(entity.FunctionTypeRerank).WithInputFields("number").
		WithParam("reranker", "decay").WithParam("function", "linear").WithParam("origin", "170").WithParam("scale", "10000")
	results, err = client.HybridSearch(ctx, milvusclient.NewHybridSearchOption(name, 3, lists...).WithFunctionRerankers(decay))
	must(t, err)
	if id, err := results[0].IDs.GetAsInt64(0); err != nil || id != 17 {
		t.Errorf("decay: %d %v", id, err)
	}
	_, err = client.HybridSearch(ctx, milvusclient.NewHybridSearchOption(name, 3, lists...).
		WithReranker(milvusclient.NewWeightedReranker([]float64{1})))
	if err == nil || !strings.Contains(err.Error(), "the length of weights param mismatch") {
		t.Errorf("got %v", err)
	}
}

// The model is one of tests/embedding/models, which run_tests.py tells the server of.
func TestTextsAreEmbeddedAndSearchedFor(t *testing.T) {
	ctx, client := connect(t)
	name := fmt.Sprintf("go_embedding_%d", os.Getpid())
	schema := entity.NewSchema().
		WithField(entity.NewField().WithName("id").WithDataType(entity.FieldTypeInt64).WithIsPrimaryKey(true)).
		WithField(entity.NewField().WithName("text").WithDataType(entity.FieldTypeVarChar).WithMaxLength(200)).
		WithField(entity.NewField().WithName("dense").WithDataType(entity.FieldTypeFloatVector).WithDim(8)).
		WithFunction(entity.NewFunction().WithName("embed").WithType(entity.FunctionTypeTextEmbedding).
			WithInputFields("text").WithOutputFields("dense").
			WithParam("provider", "local").WithParam("model_name", "tokens"))
	must(t, client.CreateCollection(ctx, milvusclient.NewCreateCollectionOption(name, schema).
		WithConsistencyLevel(entity.ClStrong).
		WithIndexOptions(milvusclient.NewCreateIndexOption(name, "dense", index.NewFlatIndex(entity.COSINE)))))
	t.Cleanup(func() {
		_ = client.DropCollection(context.Background(), milvusclient.NewDropCollectionOption(name))
	})
	task, err := client.LoadCollection(ctx, milvusclient.NewLoadCollectionOption(name))
	must(t, err)
	must(t, task.Await(ctx))
	_, err = client.Insert(ctx, milvusclient.NewColumnBasedInsertOption(name).WithInt64Column("id", []int64{0, 1, 2}).
		WithVarcharColumn("text", []string{"the river is wide", "a small red boat", "no water at all"}))
	must(t, err)
	results, err := client.Search(ctx, milvusclient.NewSearchOption(name, 3, []entity.Vector{entity.Text("a small red boat")}).
		WithANNSField("dense").WithOutputFields("text"))
	must(t, err)
	text, err := results[0].GetColumn("text").GetAsString(0)
	must(t, err)
	if results[0].ResultCount != 3 || text != "a small red boat" || math.Abs(float64(results[0].Scores[0])-1) > 1e-4 {
		t.Fatalf("%d hits, %q, %v", results[0].ResultCount, text, results[0].Scores)
	}
}

func TestFiltersAndTemplates(t *testing.T) {
	ctx, client := connect(t)
	name := filled(t, ctx, client)
	results, err := client.Search(ctx, milvusclient.NewSearchOption(name, rows, []entity.Vector{entity.FloatVector(vectorOf(1))}).
		WithANNSField("vector").WithFilter("number < {limit}").WithTemplateParam("limit", 70))
	must(t, err)
	if results[0].ResultCount != 7 {
		t.Fatalf("%d hits", results[0].ResultCount)
	}
	if count := countOf(t, ctx, client, name, `text like "row 1%"`); count != 111 {
		t.Fatalf("count %d", count)
	}
}

func TestQueryGetUpsertDelete(t *testing.T) {
	ctx, client := connect(t)
	name := filled(t, ctx, client)
	_, err := client.Upsert(ctx, milvusclient.NewColumnBasedInsertOption(name).
		WithInt64Column("id", []int64{7}).WithInt64Column("number", []int64{-7}).
		WithVarcharColumn("text", []string{"changed"}).WithFloatVectorColumn("vector", dim, [][]float32{vectorOf(7)}))
	must(t, err)
	got, err := client.Get(ctx, milvusclient.NewQueryOption(name).
		WithIDs(column.NewColumnInt64("id", []int64{7})).WithOutputFields("text", "number"))
	must(t, err)
	if text, _ := got.GetColumn("text").GetAsString(0); text != "changed" {
		t.Fatalf("text %q", text)
	}
	_, err = client.Delete(ctx, milvusclient.NewDeleteOption(name).WithInt64IDs("id", []int64{1, 2, 3}))
	must(t, err)
	_, err = client.Delete(ctx, milvusclient.NewDeleteOption(name).WithExpr("number >= 1900"))
	must(t, err)
	if count := countOf(t, ctx, client, name, ""); count != rows-3-10 {
		t.Fatalf("count %d", count)
	}
}

func TestFlushAndStatistics(t *testing.T) {
	ctx, client := connect(t)
	name := filled(t, ctx, client)
	task, err := client.Flush(ctx, milvusclient.NewFlushOption(name))
	must(t, err)
	must(t, task.Await(ctx))
	statistics, err := client.GetCollectionStats(ctx, milvusclient.NewGetCollectionStatsOption(name))
	must(t, err)
	if statistics["row_count"] != fmt.Sprint(rows) {
		t.Fatalf("%v", statistics)
	}
	state, err := client.GetLoadState(ctx, milvusclient.NewGetLoadStateOption(name))
	must(t, err)
	if state.State != entity.LoadStateLoaded {
		t.Fatalf("%+v", state)
	}
	about, err := client.DescribeIndex(ctx, milvusclient.NewDescribeIndexOption(name, "vector"))
	must(t, err)
	if about.TotalRows != rows {
		t.Fatalf("%+v", about)
	}
}

func TestPartitionsAndAliases(t *testing.T) {
	ctx, client := connect(t)
	name := filled(t, ctx, client)
	must(t, client.CreatePartition(ctx, milvusclient.NewCreatePartitionOption(name, "p")))
	partitions, err := client.ListPartitions(ctx, milvusclient.NewListPartitionOption(name))
	must(t, err)
	if len(partitions) != 2 {
		t.Fatalf("%v", partitions)
	}
	alias := name + "_alias"
	must(t, client.CreateAlias(ctx, milvusclient.NewCreateAliasOption(name, alias)))
	if count := countOf(t, ctx, client, alias, ""); count != rows {
		t.Fatalf("count %d", count)
	}
	must(t, client.DropAlias(ctx, milvusclient.NewDropAliasOption(alias)))
}

func TestErrorsAreErrors(t *testing.T) {
	ctx, client := connect(t)
	name := filled(t, ctx, client)
	_, err := client.Query(ctx, milvusclient.NewQueryOption(name).WithFilter("id >"))
	if err == nil || !strings.Contains(err.Error(), "failed to create query plan") {
		t.Fatalf("%v", err)
	}
	_, err = client.DescribeCollection(ctx, milvusclient.NewDescribeCollectionOption("nothing"))
	if err == nil || !strings.Contains(err.Error(), "collection") {
		t.Fatalf("%v", err)
	}
}

func TestTheExampleRuns(t *testing.T) {
	connect(t)
	command := exec.Command("go", "run", ".")
	command.Dir = "../../examples/go"
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, want := range []string{"1500 packages", "erlang", "dssi-host-jack", "lomiri", "installed_size_kb < 1000"} {
		if !strings.Contains(string(output), want) {
			t.Errorf("%q is missing in\n%s", want, output)
		}
	}
}
