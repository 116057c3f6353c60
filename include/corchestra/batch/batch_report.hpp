#pragma once

#include <string>
#include <vector>

#include <corchestra/base/json.hpp>
#include <corchestra/batch/batch_job.hpp>

namespace corchestra::batch {

/// `finished`, `drained`, `cancelled`, `budget`, `endpoint`.
std::string_view to_string(batch_end e) noexcept;

/// For people: what became of the requests, what it cost, where the files are and what to do about the rest.
std::vector<std::string> report_lines(const batch_result& r);

/// For programs: what `corchestra batch --json` prints (docs/batch.md).
ordered_json to_json_value(const batch_result& r);

/// `about $1.20, at most $3`
std::string cost_words(const cost_estimate& cost);

/// Of a batch that was looked at only: requests by model, what they may cost.
std::vector<std::string> plan_lines(const batch_job& job);
ordered_json plan_json(const batch_job& job);

}  // namespace corchestra::batch
