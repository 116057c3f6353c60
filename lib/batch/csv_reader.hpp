#pragma once

#include <memory>

#include "batch/block_reader.hpp"
#include "batch/input_file.hpp"

namespace corchestra::batch {

/// Rows of a CSV file (RFC 4180, libcsv): the first names the columns, the others are objects of texts.
result<std::unique_ptr<record_reader>> open_csv(block_reader file);

}  // namespace corchestra::batch
