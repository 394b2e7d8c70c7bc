// The conformance suite of ObjectStore: what every implementation must do, as tests.
//
//     INSTANTIATE_TEST_SUITE_P(Local, ObjectConformance, testing::Values(&MakeLocalBed));
//
// Only for test programs. A bed gives each test an empty store and can reopen it.
#pragma once

#include "object/object_store.h"
#include "sys/file_system.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::object {

class ObjectBed {
  public:
    virtual ~ObjectBed() = default;
    virtual ObjectStore& store() = 0;
    // As after a restart: committed objects are there, unfinished ones are not.
    virtual void Reopen() = 0;
};

using ObjectBedFactory = std::unique_ptr<ObjectBed> (*)();

class ObjectConformance : public testing::TestWithParam<ObjectBedFactory> {
  protected:
    ObjectConformance() : bed_(GetParam()()) {}

    ObjectStore& store() { return bed_->store(); }
    void Put(const std::string& key, std::string_view bytes) {
        const base::Status status = store().Put(key, bytes);
        EXPECT_TRUE(status.ok()) << status.reason();
    }
    std::string Content(const std::string& key) {
        const base::Result<base::Buffer> bytes = store().Map(key);
        if (bytes.status().code() == base::Code::kKeyNotFound) {
            return "(absent)";
        }
        EXPECT_TRUE(bytes.ok()) << bytes.status().reason();
        return bytes.ok() ? std::string(bytes->view()) : "(failed)";
    }
    std::vector<std::string> Keys(const std::string& prefix = "") {
        const base::Result<std::vector<ObjectInfo>> objects = store().List(prefix);
        EXPECT_TRUE(objects.ok()) << objects.status().reason();
        std::vector<std::string> keys;
        for (const ObjectInfo& object : objects.ok() ? *objects : std::vector<ObjectInfo>()) {
            keys.push_back(object.key);
        }
        return keys;
    }
    using Names = std::vector<std::string>;

    std::unique_ptr<ObjectBed> bed_;
};

TEST_P(ObjectConformance, StartsEmpty) {
    EXPECT_EQ(Keys(), Names());
    EXPECT_EQ(store().Stat("a").status().code(), base::Code::kKeyNotFound);
    EXPECT_EQ(store().Map("a/b").status().code(), base::Code::kKeyNotFound);
    EXPECT_EQ(store().ReadRange("a", 0, 1).status().code(), base::Code::kKeyNotFound);
}

TEST_P(ObjectConformance, GivesBackWhatWasWritten) {
    auto writer = store().Create("seg/1/data.0");
    ASSERT_TRUE(writer.ok());
    std::string all;
    for (int i = 0; i < 50; ++i) {
        const std::string piece(static_cast<size_t>(i) * 3001, static_cast<char>('a' + i % 26));
        EXPECT_EQ((*writer)->offset(), all.size());
        ASSERT_TRUE((*writer)->Append(piece).ok());
        all += piece;
    }
    const std::string big(3 << 20, 'z');
    ASSERT_TRUE((*writer)->Append(big).ok());
    all += big;
    EXPECT_EQ(store().Stat("seg/1/data.0").status().code(), base::Code::kKeyNotFound);
    ASSERT_TRUE((*writer)->Commit().ok());
    EXPECT_EQ(store().Stat("seg/1/data.0")->size_bytes, all.size());
    EXPECT_TRUE(Content("seg/1/data.0") == all);
    EXPECT_TRUE(*store().ReadRange("seg/1/data.0", 3000, 70'000) == all.substr(3000, 70'000));
}

TEST_P(ObjectConformance, EmptyObjectsExist) {
    Put("empty", "");
    EXPECT_EQ(Content("empty"), "");
    EXPECT_EQ(store().Stat("empty")->size_bytes, 0u);
    EXPECT_EQ(*store().ReadRange("empty", 0, 0), "");
}

TEST_P(ObjectConformance, ARangeLiesInsideTheObject) {
    Put("a", "0123456789");
    EXPECT_EQ(*store().ReadRange("a", 2, 3), "234");
    EXPECT_EQ(*store().ReadRange("a", 10, 0), "");
    EXPECT_EQ(store().ReadRange("a", 8, 3).status().code(), base::Code::kIoUnexpectedEof);
    EXPECT_EQ(store().ReadRange("a", 100, 1).status().code(), base::Code::kIoUnexpectedEof);
    EXPECT_EQ(store().ReadRange("a", ~uint64_t{0}, 1).status().code(),
              base::Code::kIoUnexpectedEof);
}

TEST_P(ObjectConformance, ADroppedWriterLeavesNothing) {
    {
        auto writer = store().Create("a/b");
        ASSERT_TRUE((*writer)->Append(std::string(2 << 20, 'x')).ok());
    }
    EXPECT_EQ(Keys(), Names());
    bed_->Reopen();
    EXPECT_EQ(Keys(), Names());
}

TEST_P(ObjectConformance, AKeyIsWrittenOnceUnlessReplaced) {
    Put("a/b", "one");
    EXPECT_EQ(store().Put("a/b", "one").code(), base::Code::kObjectExists);
    EXPECT_EQ(store().Put("a/b", "two").code(), base::Code::kObjectExists);
    EXPECT_EQ(Content("a/b"), "one");
    EXPECT_TRUE(store().Put("a/b", "two", CommitMode::kReplace).ok());
    EXPECT_EQ(Content("a/b"), "two");
    EXPECT_TRUE(store().Put("c", "new", CommitMode::kReplace).ok());
    EXPECT_EQ(Keys(), (Names{"a/b", "c"}));
}

TEST_P(ObjectConformance, TheFirstOfTwoWritersWins) {
    auto first = store().Create("a");
    auto second = store().Create("a");
    ASSERT_TRUE((*first)->Append("first").ok());
    ASSERT_TRUE((*second)->Append("second").ok());
    EXPECT_TRUE((*second)->Commit().ok());
    EXPECT_EQ((*first)->Commit().code(), base::Code::kObjectExists);
    EXPECT_EQ(Content("a"), "second");
}

TEST_P(ObjectConformance, MappedBytesOutliveTheirObject) {
    Put("a", "old");
    const base::Buffer old = *store().Map("a");
    ASSERT_TRUE(store().Put("a", "new", CommitMode::kReplace).ok());
    const base::Buffer replaced = *store().Map("a");
    ASSERT_TRUE(store().Delete("a").ok());
    EXPECT_EQ(old.view(), "old");
    EXPECT_EQ(replaced.view(), "new");
    EXPECT_EQ(Content("a"), "(absent)");
}

TEST_P(ObjectConformance, BlocksOutliveTheirObject) {
    struct OneBlock : sys::BlockReader {
        bool Next(sys::BlockRead* read) override {
            *read = {sys::kBlockBytes, sys::kBlockBytes, room, 0};
            return !std::exchange(asked, true);
        }
        void Done(const sys::BlockRead&) override { done = true; }
        alignas(sys::kBlockBytes) char room[sys::kBlockBytes] = {};
        bool asked = false;
        bool done = false;
    };
    Put("a", std::string(sys::kBlockBytes, 'x') + std::string(sys::kBlockBytes, 'y'));
    const auto file = store().OpenDirect("a");
    ASSERT_TRUE(file.ok()) << file.status().reason();
    ASSERT_TRUE(store().Delete("a").ok());
    OneBlock block;
    ASSERT_TRUE((*file)->ReadBlocks(4, block).ok());
    EXPECT_TRUE(block.done);
    EXPECT_EQ(std::string_view(block.room, sys::kBlockBytes), std::string(sys::kBlockBytes, 'y'));
    EXPECT_EQ(store().OpenDirect("a").status().code(), base::Code::kKeyNotFound);
}

TEST_P(ObjectConformance, ListsByPrefixInKeyOrder) {
    for (const char* key : {"s/10/d", "s/1/d", "s/1/c", "s-x/1", "s.1", "t", "s/2/a/b/c"}) {
        Put(key, key);
    }
    EXPECT_EQ(Keys(), (Names{"s-x/1", "s.1", "s/1/c", "s/1/d", "s/10/d", "s/2/a/b/c", "t"}));
    EXPECT_EQ(Keys("s/1/"), (Names{"s/1/c", "s/1/d"}));
    EXPECT_EQ(Keys("s/1"), (Names{"s/1/c", "s/1/d", "s/10/d"}));
    EXPECT_EQ(Keys("s/1/c"), (Names{"s/1/c"}));
    EXPECT_EQ(Keys("s/2/a/"), (Names{"s/2/a/b/c"}));
    EXPECT_EQ(Keys("nothing/here/"), Names());
    EXPECT_EQ(store().List("s/2/")->at(0).size_bytes, 9u);
}

TEST_P(ObjectConformance, DeletesAreRepeatable) {
    for (const char* key : {"s/1/a", "s/1/b", "s/10/a", "s/2"}) {
        Put(key, "x");
    }
    EXPECT_TRUE(store().Delete("s/2").ok());
    EXPECT_TRUE(store().Delete("s/2").ok());
    EXPECT_TRUE(store().Delete("never/was").ok());
    EXPECT_TRUE(store().DeletePrefix("s/1/").ok());
    EXPECT_TRUE(store().DeletePrefix("s/1/").ok());
    EXPECT_EQ(Keys(), Names{"s/10/a"});
    EXPECT_FALSE(store().DeletePrefix("").ok());
    Put("s/1/a", "again");
    EXPECT_TRUE(store().DeletePrefix("s/1").ok());
    EXPECT_EQ(Keys(), Names());
    // The key of a folder that is gone can be an object.
    Put("s", "object");
    EXPECT_EQ(Content("s"), "object");
}

TEST_P(ObjectConformance, ObjectsSurviveReopening) {
    Put("a/b/c", "1");
    Put("a/d", "2");
    ASSERT_TRUE(store().Delete("a/d").ok());
    bed_->Reopen();
    EXPECT_EQ(Keys(), Names{"a/b/c"});
    EXPECT_EQ(Content("a/b/c"), "1");
    Put("a/d", "3");
    EXPECT_EQ(Content("a/d"), "3");
}

TEST_P(ObjectConformance, RefusesBadKeys) {
    const std::string bad[] = {"",
                               "/a",
                               "a/",
                               "a//b",
                               "a/../b",
                               "..",
                               "a/.",
                               "a b",
                               "a\\b",
                               "tmp/1",
                               "tmp",
                               "\xc3\xa4",
                               "a/%00",
                               std::string("a\0b", 3),
                               std::string(256, 'k')};
    for (const std::string& key : bad) {
        EXPECT_EQ(store().Create(key).status().code(), base::Code::kInvalidParameter) << key;
        EXPECT_EQ(store().Map(key).status().code(), base::Code::kInvalidParameter) << key;
        EXPECT_EQ(store().Delete(key).code(), base::Code::kInvalidParameter) << key;
    }
    EXPECT_FALSE(store().List("../").ok());
    EXPECT_FALSE(store().List("/").ok());
    std::string longest;
    for (int i = 0; i < 4; ++i) {
        longest += std::string(127, 'k') + "/";
    }
    longest.back() = 'k';
    Put(longest, "x");
    EXPECT_EQ(Content(longest), "x");
    EXPECT_FALSE(store().Create(longest + "k").ok());
    Put("tmp.1/...", "x");
    EXPECT_EQ(Content("tmp.1/..."), "x");
}

TEST_P(ObjectConformance, WorksForManyThreads) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([this, t] {
            const std::string own = "own/" + std::to_string(t) + "/";
            for (int i = 0; i < 20; ++i) {
                const std::string key = own + std::to_string(i);
                EXPECT_TRUE(store().Put(key, key).ok());
                EXPECT_EQ(Content(key), key);
                EXPECT_TRUE(store().Put("shared/x", key, CommitMode::kReplace).ok());
                if (i % 5 == 4) {
                    EXPECT_TRUE(store().DeletePrefix(own).ok());
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(Keys(), Names{"shared/x"});
}

// What one thread lists or deletes, another makes and deletes at the same moment.
TEST_P(ObjectConformance, AFolderThatComesAndGoesIsListed) {
    std::thread other([this] {
        for (int i = 0; i < 500; ++i) {
            EXPECT_TRUE(store().Put("shared/x/a", "a", CommitMode::kReplace).ok());
            EXPECT_TRUE(store().Delete("shared/x/a").ok());
        }
    });
    for (int i = 0; i < 500; ++i) {
        const auto listed = store().List("shared/x/");
        EXPECT_TRUE(listed.ok()) << listed.status().reason();
        const base::Status deleted = store().DeletePrefix("shared/x/");
        EXPECT_TRUE(deleted.ok()) << deleted.reason();
    }
    other.join();
    EXPECT_EQ(Keys(), Names{});
}

}  // namespace elanus::object
