#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/core/dependency_graph.hpp>
#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/output_capabilities.hpp>

namespace corchestra {

struct analyzer_options {
  std::string model;                   ///< empty: the chat model's default
  std::string endpoint;  ///< whose model it is: answers of one endpoint are not taken for another's
  std::filesystem::path cache_folder;  ///< empty: memory only
  std::size_t max_tasks = 100;
  std::shared_ptr<llm::output_capabilities> capabilities;  ///< what the endpoint supports, shared with others; or null
  double least_confidence = 0.3;  ///< weaker edges are dropped and reported
  duration timeout = std::chrono::seconds(120);
  std::vector<std::pair<std::string, std::string>> headers;  ///< of the HTTP requests, such as `traceparent`
  corchestra::logger logger;
};

enum class analysis_source : std::uint8_t {
  model,     ///< the model's first answer
  repaired,  ///< its second, after the validator's message
  cache,
  fallback,  ///< it failed closed: one after another
};
std::string_view to_string(analysis_source s) noexcept;

struct analysis_result {
  std::vector<dependency_edge> edges;  ///< to be added to the plan; explicit dependencies are not repeated
  analysis_source source = analysis_source::model;
  std::string warning;               ///< why it fell back, or what was dropped; empty when all was well
  token_usage usage;                 ///< of every attempt
  std::vector<std::string> dropped;  ///< edges of the model that were refused, and why
};

/// Asks a model which task needs which, by strict structured output, and believes nothing: the answer must match its
/// schema, name known tasks, and leave the graph acyclic. One repair with the validator's message, then it fails
/// closed: the tasks without `depends_on` run one after another in the topological order of the explicit edges, ties by
/// listing. Explicit dependencies always win, and a task with `dependencies_given` gains none. Answers are cached by
/// the hash of what was asked, in memory and on disk.
class dependency_analyzer {
 public:
  dependency_analyzer(std::shared_ptr<llm::chat_model> model, analyzer_options options);

  /// `strict`: an error (`analysis_failed`; `invalid_argument` for more than `max_tasks` tasks without dependencies of
  /// their own) instead of the fallback. Errors also for tasks that are no valid graph.
  awaitable<result<analysis_result>> analyze(std::vector<task_call> tasks, bool strict = false);

  /// The fallback alone; needs no model.
  static result<analysis_result> sequential(std::span<const task_call> tasks, std::string why);

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

/// Adds the edges to the tasks' `depends_on`.
void apply_edges(std::vector<task_call>& tasks, std::span<const dependency_edge> edges);

}  // namespace corchestra
