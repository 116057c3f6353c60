#include "batch/csv_reader.hpp"

#include <csv.h>

#include <algorithm>
#include <deque>
#include <set>
#include <vector>

#include <corchestra/base/text.hpp>

namespace corchestra::batch {

namespace {

constexpr int row_not_begun = 0;  // libcsv's ROW_NOT_BEGUN, which its header keeps to itself

struct row {
  std::uint64_t line = 0;
  std::vector<std::string> fields;
};

class csv_reader final : public record_reader {
 public:
  explicit csv_reader(block_reader file) : file_(std::move(file)) {
    // Strict about quotes inside a field; an unclosed one at the end of the file is an error.
    csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
    // Grows by as much at a time: with the standard 128 bytes a long field is copied again and again.
    csv_set_blk_size(&parser_, 64u << 10);
    // Blanks around a field are a part of it.
    csv_set_space_func(&parser_, [](unsigned char) { return 0; });
  }
  csv_reader(const csv_reader&) = delete;
  csv_reader& operator=(const csv_reader&) = delete;
  ~csv_reader() override { csv_free(&parser_); }

  result<void> read_names() {
    row first;
    const auto any = next_row(first);
    if (any.has_error()) return any.error();
    if (!*any) return {};
    names_ = std::move(first.fields);
    std::set<std::string_view> seen;
    for (const std::string& name : names_) {
      if (name.empty()) return wrong(first.line, "a column has no name");
      if (!seen.insert(name).second) return wrong(first.line, concat("two columns are called ", quote(name)));
    }
    return {};
  }

  result<bool> next(record& to) override {
    row r;
    const auto any = next_row(r);
    if (any.has_error() || !*any) return any;
    if (r.fields.size() != names_.size())
      return wrong(r.line, concat("expected ", names_.size(), " columns, got ", r.fields.size()));
    to.index = index_++;
    to.line = r.line;
    to.text = {};
    to.row.emplace(ordered_json::object());
    for (std::size_t i = 0; i < names_.size(); ++i) (*to.row)[names_[i]] = std::move(r.fields[i]);
    return true;
  }

 private:
  std::string malformed() {
    const int code = csv_error(&parser_);
    return code == CSV_EPARSE ? std::string("a quotation mark stands in the middle of a field: a field with marks is put "
                                            "between two of them, and its own are doubled")
                              : concat("malformed CSV: ", csv_strerror(code));
  }

  error wrong(std::uint64_t line, std::string_view what) const {
    return fail(errc::invalid_argument, concat(place_of(file_.path(), line), ": ", what));
  }

  result<bool> next_row(row& to) {
    while (rows_.empty()) {
      if (ended_) return false;
      const auto block = file_.next();
      if (block.has_error()) return block.error();
      if (block->empty()) {
        ended_ = true;
        if (csv_fini(&parser_, &csv_reader::on_field, &csv_reader::on_row, this) != 0)
          return wrong(begun_, "a quoted field does not end");
        continue;
      }
      std::string_view rest = *block;
      if (std::exchange(at_start_, false) && rest.starts_with(byte_order_mark))
        rest.remove_prefix(byte_order_mark.size());
      // Line by line: libcsv does not say where it is.
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
        if (csv_parse(&parser_, rest.data(), end, &csv_reader::on_field, &csv_reader::on_row, this) != end)
          return wrong(line_, malformed());
        if (size_ > max_record_bytes || parser_.entry_pos > max_record_bytes)
          return fail(errc::too_large, concat(place_of(file_.path(), begun_), ": the row is longer than ",
                                              max_record_bytes >> 20, " MiB"));
        if (rest[end - 1] == '\n') ++line_;
        if (parser_.pstate == row_not_begun) begun_ = line_;
        rest.remove_prefix(end);
      }
    }
    to = std::move(rows_.front());
    rows_.pop_front();
    return true;
  }

  static void on_field(void* text, std::size_t size, void* self) {
    auto& r = *static_cast<csv_reader*>(self);
    r.size_ += size;
    r.fields_.emplace_back(static_cast<const char*>(text), size);
  }
  static void on_row(int, void* self) {
    auto& r = *static_cast<csv_reader*>(self);
    r.rows_.push_back({r.begun_, std::move(r.fields_)});
    r.fields_.clear();
    r.size_ = 0;
  }

  block_reader file_;
  csv_parser parser_{};
  std::vector<std::string> names_, fields_;
  std::deque<row> rows_;
  std::size_t size_ = 0;
  std::uint64_t index_ = 0, line_ = 1, begun_ = 1;
  bool at_start_ = true, ended_ = false;
};

}  // namespace

result<std::unique_ptr<record_reader>> open_csv(block_reader file) {
  auto reader = std::make_unique<csv_reader>(std::move(file));
  if (auto named = reader->read_names(); named.has_error()) return named.error();
  return reader;
}

}  // namespace corchestra::batch
