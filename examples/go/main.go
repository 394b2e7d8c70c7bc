// Semantic search over 1,500 Debian packages with the Go client.
//
//	go run . [ADDRESS]        default: ELANUS_ADDRESS, then localhost:19530
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/milvus-io/milvus/client/v2/entity"
	"github.com/milvus-io/milvus/client/v2/index"
	"github.com/milvus-io/milvus/client/v2/milvusclient"
)

const (
	collection = "example_packages_go"
	dim        = 384
)

type packageRow struct {
	ID           int64     `json:"id"`
	Name         string    `json:"name"`
	Section      string    `json:"section"`
	Architecture string    `json:"architecture"`
	SizeKB       int64     `json:"installed_size_kb"`
	Summary      string    `json:"summary"`
	Description  string    `json:"description"`
	Embedding    []float32 `json:"embedding"`
}

type queryRow struct {
	Text      string    `json:"text"`
	Embedding []float32 `json:"embedding"`
}

func readLines[T any](name string) ([]T, error) {
	file, err := os.Open(filepath.Join("..", "data", name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var rows []T
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}

func createCollection(ctx context.Context, client *milvusclient.Client) error {
	text := func(name string, length int64) *entity.Field {
		return entity.NewField().WithName(name).WithDataType(entity.FieldTypeVarChar).WithMaxLength(length)
	}
	schema := entity.NewSchema().
		WithField(entity.NewField().WithName("id").WithDataType(entity.FieldTypeInt64).WithIsPrimaryKey(true)).
		WithField(text("name", 100)).
		WithField(text("section", 40)).
		WithField(text("architecture", 20)).
		WithField(entity.NewField().WithName("installed_size_kb").WithDataType(entity.FieldTypeInt64)).
		WithField(text("summary", 500)).
		WithField(text("description", 2000)).
		WithField(entity.NewField().WithName("embedding").WithDataType(entity.FieldTypeFloatVector).WithDim(dim))
	if err := client.DropCollection(ctx, milvusclient.NewDropCollectionOption(collection)); err != nil {
		return err
	}
	return client.CreateCollection(ctx, milvusclient.NewCreateCollectionOption(collection, schema).
		WithConsistencyLevel(entity.ClStrong).
		WithIndexOptions(milvusclient.NewCreateIndexOption(collection, "embedding", index.NewAutoIndex(entity.COSINE))))
}

func load(ctx context.Context, client *milvusclient.Client) error {
	task, err := client.LoadCollection(ctx, milvusclient.NewLoadCollectionOption(collection))
	if err != nil {
		return err
	}
	return task.Await(ctx)
}

func insert(ctx context.Context, client *milvusclient.Client, rows []packageRow) error {
	var ids, sizes []int64
	var names, sections, architectures, summaries, descriptions []string
	var embeddings [][]float32
	for _, row := range rows {
		ids, sizes = append(ids, row.ID), append(sizes, row.SizeKB)
		names, sections = append(names, row.Name), append(sections, row.Section)
		architectures = append(architectures, row.Architecture)
		summaries, descriptions = append(summaries, row.Summary), append(descriptions, row.Description)
		embeddings = append(embeddings, row.Embedding)
	}
	_, err := client.Insert(ctx, milvusclient.NewColumnBasedInsertOption(collection).
		WithInt64Column("id", ids).
		WithVarcharColumn("name", names).
		WithVarcharColumn("section", sections).
		WithVarcharColumn("architecture", architectures).
		WithInt64Column("installed_size_kb", sizes).
		WithVarcharColumn("summary", summaries).
		WithVarcharColumn("description", descriptions).
		WithFloatVectorColumn("embedding", dim, embeddings))
	return err
}

func search(ctx context.Context, client *milvusclient.Client, query queryRow, filter string) error {
	option := milvusclient.NewSearchOption(collection, 3, []entity.Vector{entity.FloatVector(query.Embedding)}).
		WithANNSField("embedding").
		WithOutputFields("name", "section", "summary")
	if filter != "" {
		option = option.WithFilter(filter)
	}
	results, err := client.Search(ctx, option)
	if err != nil {
		return err
	}
	fmt.Printf("\n%q %s\n", query.Text, filter)
	hits := results[0]
	for i := 0; i < hits.ResultCount; i++ {
		name, err := hits.GetColumn("name").GetAsString(i)
		if err != nil {
			return err
		}
		section, err := hits.GetColumn("section").GetAsString(i)
		if err != nil {
			return err
		}
		summary, err := hits.GetColumn("summary").GetAsString(i)
		if err != nil {
			return err
		}
		fmt.Printf("  %.3f  %-28s %-12s %.60s\n", hits.Scores[i], name, section, summary)
	}
	return nil
}

func run(ctx context.Context, address string) error {
	packages, err := readLines[packageRow]("packages.jsonl")
	if err != nil {
		return err
	}
	queries, err := readLines[queryRow]("queries.jsonl")
	if err != nil {
		return err
	}
	client, err := milvusclient.New(ctx, &milvusclient.ClientConfig{Address: address})
	if err != nil {
		return err
	}
	defer client.Close(ctx)
	if err := createCollection(ctx, client); err != nil {
		return err
	}
	if err := insert(ctx, client, packages); err != nil {
		return err
	}
	if err := load(ctx, client); err != nil {
		return err
	}
	fmt.Printf("%d packages in %s on %s\n", len(packages), collection, address)
	for _, query := range queries[:4] {
		if err := search(ctx, client, query, ""); err != nil {
			return err
		}
	}
	if err := search(ctx, client, queries[0], `section in ["libs", "libdevel"] and installed_size_kb < 1000`); err != nil {
		return err
	}
	return client.DropCollection(ctx, milvusclient.NewDropCollectionOption(collection))
}

func main() {
	address := os.Getenv("ELANUS_ADDRESS")
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if address == "" {
		address = "localhost:19530"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, address); err != nil {
		log.Fatal(err)
	}
}
