// Reads an index store by the toolchain's library, which is opened at run time. What is declared
// here of it is the part that is used, as its header says it: opaque pointers, numbers, and texts
// with their length.
#define _GNU_SOURCE
#include "CEmakiIndexStore.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { secondsMax = 60, lineBytesMax = 1 << 16 };

// MARK: The library

typedef struct {
    const char *bytes;
    size_t count;
} text;

typedef void *handle;

typedef bool (*each_text)(void *context, text name);
typedef bool (*each_handle)(void *context, handle item);

static struct {
    handle (*store_create)(const char *path, handle *error);
    bool (*store_units_apply_f)(handle store, unsigned sorted, void *context, each_text each);
    const char *(*error_get_description)(handle error);
    void (*error_dispose)(handle error);
    handle (*unit_reader_create)(handle store, const char *name, handle *error);
    void (*unit_reader_dispose)(handle unit);
    bool (*unit_reader_is_system_unit)(handle unit);
    bool (*unit_reader_is_module_unit)(handle unit);
    text (*unit_reader_get_main_file)(handle unit);
    void (*unit_reader_get_modification_time)(handle unit, int64_t *seconds, int64_t *nanoseconds);
    bool (*unit_reader_dependencies_apply_f)(handle unit, void *context, each_handle each);
    int (*unit_dependency_get_kind)(handle dependency);
    text (*unit_dependency_get_filepath)(handle dependency);
    text (*unit_dependency_get_name)(handle dependency);
    handle (*record_reader_create)(handle store, const char *name, handle *error);
    void (*record_reader_dispose)(handle record);
    bool (*record_reader_occurrences_apply_f)(handle record, void *context, each_handle each);
    handle (*occurrence_get_symbol)(handle occurrence);
    uint64_t (*occurrence_get_roles)(handle occurrence);
    void (*occurrence_get_line_col)(handle occurrence, unsigned *line, unsigned *column);
    bool (*occurrence_relations_apply_f)(handle occurrence, void *context, each_handle each);
    uint64_t (*symbol_relation_get_roles)(handle relation);
    handle (*symbol_relation_get_symbol)(handle relation);
    int (*symbol_get_kind)(handle symbol);
    text (*symbol_get_name)(handle symbol);
    text (*symbol_get_usr)(handle symbol);
} api;

// Roles and kinds have their numbers in the store's format, so they stay.
enum {
    isDefinition = 1 << 1,
    isReference = 1 << 2,
    isCall = 1 << 5,
    isImplicit = 1 << 8,
    overrides = 1 << 11,
    isReceived = 1 << 12,
    isAccessor = 1 << 15,
};
enum { recordDependency = 2 };
enum { kindModule = 1, kindTypesFirst = 4, kindTypesLast = 11, kindParameter = 25 };

// Returns the name of a function that the library does not have; null if all are there.
static const char *find_functions(void *library) {
#define FIND(name)                                                                                 \
    *(void **)(&api.name) = dlsym(library, "indexstore_" #name);                                   \
    if (!api.name) return "indexstore_" #name
    FIND(store_create);
    FIND(store_units_apply_f);
    FIND(error_get_description);
    FIND(error_dispose);
    FIND(unit_reader_create);
    FIND(unit_reader_dispose);
    FIND(unit_reader_is_system_unit);
    FIND(unit_reader_is_module_unit);
    FIND(unit_reader_get_main_file);
    FIND(unit_reader_get_modification_time);
    FIND(unit_reader_dependencies_apply_f);
    FIND(unit_dependency_get_kind);
    FIND(unit_dependency_get_filepath);
    FIND(unit_dependency_get_name);
    FIND(record_reader_create);
    FIND(record_reader_dispose);
    FIND(record_reader_occurrences_apply_f);
    FIND(occurrence_get_symbol);
    FIND(occurrence_get_roles);
    FIND(occurrence_get_line_col);
    FIND(occurrence_relations_apply_f);
    FIND(symbol_relation_get_roles);
    FIND(symbol_relation_get_symbol);
    FIND(symbol_get_kind);
    FIND(symbol_get_name);
    FIND(symbol_get_usr);
#undef FIND
    return NULL;
}

static bool is_equal(text left, text right) {
    return left.count == right.count && memcmp(left.bytes, right.bytes, left.count) == 0;
}

static bool begins(text name, const char *prefix) {
    size_t count = strlen(prefix);
    return name.count >= count && memcmp(name.bytes, prefix, count) == 0;
}

static char *copied(text name) {
    char *copy = malloc(name.count + 1);
    if (!copy) abort();
    memcpy(copy, name.bytes, name.count);
    copy[name.count] = 0;
    return copy;
}

// MARK: Units: which record a file has

typedef struct {
    char *path;
    // Null: no unit has the file, or it declares and calls nothing.
    char *record;
    int64_t seconds, nanoseconds;
    bool isFound;
} source_file;

static handle store;
static source_file *files;
static size_t fileCount;

static int by_path(const void *left, const void *right) {
    return strcmp(((const source_file *)left)->path, ((const source_file *)right)->path);
}

typedef struct {
    text mainFile;
    char *record;
} record_search;

static bool look_for_record(void *context, handle dependency) {
    record_search *search = context;
    if (api.unit_dependency_get_kind(dependency) != recordDependency) return true;
    if (!is_equal(api.unit_dependency_get_filepath(dependency), search->mainFile)) return true;
    search->record = copied(api.unit_dependency_get_name(dependency));
    return false;
}

static void look_at_unit(handle unit) {
    if (api.unit_reader_is_system_unit(unit) || api.unit_reader_is_module_unit(unit)) return;
    text mainFile = api.unit_reader_get_main_file(unit);
    source_file wanted = {.path = copied(mainFile)};
    source_file *file = bsearch(&wanted, files, fileCount, sizeof *files, by_path);
    free(wanted.path);
    if (!file) return;
    int64_t seconds = 0, nanoseconds = 0;
    api.unit_reader_get_modification_time(unit, &seconds, &nanoseconds);
    // A file that several targets or builds have is told of by the last of them.
    bool isNewer = seconds > file->seconds
        || (seconds == file->seconds && nanoseconds > file->nanoseconds);
    if (file->isFound && !isNewer) return;
    record_search search = {.mainFile = mainFile};
    api.unit_reader_dependencies_apply_f(unit, &search, look_for_record);
    free(file->record);
    file->record = search.record;
    file->seconds = seconds;
    file->nanoseconds = nanoseconds;
    file->isFound = true;
}

static bool look_at_unit_named(void *context, text name) {
    (void)context;
    char *copy = copied(name);
    handle error = NULL;
    handle unit = api.unit_reader_create(store, copy, &error);
    free(copy);
    if (unit) {
        look_at_unit(unit);
        api.unit_reader_dispose(unit);
    } else if (error) {
        api.error_dispose(error);
    }
    return true;
}

// MARK: Records: what is defined and used in a file

typedef struct {
    FILE *definitions, *uses;
    text receiver;
} section;

static bool write_overridden(void *context, handle relation) {
    section *section = context;
    if (!(api.symbol_relation_get_roles(relation) & overrides)) return true;
    text usr = api.symbol_get_usr(api.symbol_relation_get_symbol(relation));
    fprintf(section->definitions, "\t%.*s", (int)usr.count, usr.bytes);
    return true;
}

static bool note_receiver(void *context, handle relation) {
    section *section = context;
    if (!(api.symbol_relation_get_roles(relation) & isReceived)) return true;
    section->receiver = api.symbol_get_usr(api.symbol_relation_get_symbol(relation));
    return false;
}

static bool is_meant(uint64_t roles, int kind, text name) {
    if (roles & isAccessor || kind <= kindModule || kind == kindParameter) return false;
    if (roles & isDefinition) return true;
    if (!(roles & (isReference | isCall))) return false;
    if (kind >= kindTypesFirst && kind <= kindTypesLast) return false;
    return !(roles & isImplicit) || begins(name, "makeIterator(");
}

static bool write_occurrence(void *context, handle occurrence) {
    section *section = context;
    uint64_t roles = api.occurrence_get_roles(occurrence);
    handle symbol = api.occurrence_get_symbol(occurrence);
    int kind = api.symbol_get_kind(symbol);
    text name = api.symbol_get_name(symbol);
    if (!is_meant(roles, kind, name)) return true;
    text usr = api.symbol_get_usr(symbol);
    unsigned line = 0, column = 0;
    api.occurrence_get_line_col(occurrence, &line, &column);
    if (roles & isDefinition) {
        fprintf(section->definitions, "%u\t%u\t%.*s", line, column, (int)usr.count, usr.bytes);
        api.occurrence_relations_apply_f(occurrence, section, write_overridden);
        fputc('\n', section->definitions);
        return true;
    }
    section->receiver = (text){.bytes = "", .count = 0};
    api.occurrence_relations_apply_f(occurrence, section, note_receiver);
    text receiver = section->receiver;
    fprintf(
        section->uses, "%u\t%u\t%d\t%.*s\t%.*s\t%.*s\n", line, column, kind, (int)name.count,
        name.bytes, (int)usr.count, usr.bytes, (int)receiver.count, receiver.bytes);
    return true;
}

static void write_file(const source_file *file) {
    handle record = NULL;
    if (file->record) {
        handle error = NULL;
        record = api.record_reader_create(store, file->record, &error);
        if (error) api.error_dispose(error);
        // The file counts as one that the store does not have.
        if (!record) return;
    }
    char *definitions = NULL, *uses = NULL;
    size_t definitionBytes = 0, useBytes = 0;
    section section = {
        .definitions = open_memstream(&definitions, &definitionBytes),
        .uses = open_memstream(&uses, &useBytes),
    };
    if (!section.definitions || !section.uses) abort();
    if (record) {
        api.record_reader_occurrences_apply_f(record, &section, write_occurrence);
        api.record_reader_dispose(record);
    }
    fclose(section.definitions);
    fclose(section.uses);
    printf(
        "file\t%lld\t%lld\t%zu\t%zu\t%s\n", (long long)file->seconds, (long long)file->nanoseconds,
        definitionBytes, useBytes, file->path);
    fwrite(definitions, 1, definitionBytes, stdout);
    fwrite(uses, 1, useBytes, stdout);
    free(definitions);
    free(uses);
}

// MARK: The process

// Returns a line of standard input without its end; null at the end.
static char *next_line(void) {
    static char line[lineBytesMax];
    if (!fgets(line, sizeof line, stdin)) return NULL;
    line[strcspn(line, "\n")] = 0;
    return strdup(line);
}

static bool read_wanted(void) {
    size_t capacity = 0;
    for (char *path = next_line(); path; path = next_line()) {
        if (fileCount == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            files = realloc(files, capacity * sizeof *files);
            if (!files) return false;
        }
        files[fileCount++] = (source_file){.path = path};
    }
    if (fileCount) qsort(files, fileCount, sizeof *files, by_path);
    return true;
}

static int32_t refuse(const char *reason, const char *detail) {
    printf("error\t%s\t%s\n", reason, detail ? detail : "");
    return 1;
}

int32_t emaki_index_read(void) {
    // Whatever the library does with a damaged store, it does not do it for ever.
    alarm(secondsMax);
    const char *libraryPath = next_line();
    const char *storePath = next_line();
    if (!libraryPath || !storePath || !read_wanted()) return refuse("store", "nothing is asked");
    void *library = dlopen(libraryPath, RTLD_NOW | RTLD_LOCAL);
    if (!library) return refuse("library", dlerror());
    const char *missing = find_functions(library);
    if (missing) return refuse("function", missing);
    handle error = NULL;
    store = api.store_create(storePath, &error);
    if (!store) return refuse("store", error ? api.error_get_description(error) : NULL);
    api.store_units_apply_f(store, 0, NULL, look_at_unit_named);
    for (size_t index = 0; index < fileCount; index++) {
        if (files[index].isFound) write_file(&files[index]);
    }
    puts("end");
    return fflush(stdout) == 0 ? 0 : 1;
}
