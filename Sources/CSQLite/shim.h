#include <sqlite3.h>

// Swift calls no variadic functions. Has SQLite allocate memory without counting it under a lock; before it is used.
static inline int csqlite_count_no_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
