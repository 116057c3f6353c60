#include "analysis/answer.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/base/text.hpp>

#include "analysis/prompt.hpp"

namespace corchestra::detail {

namespace {

constexpr std::size_t max_findings = 5;

result<void> check_shape(const json& answer) {
  static const json_schema schema = json_schema::compile(analysis_schema()).value();
  return schema.validate(answer, max_findings);
}

edge_kind kind_of(const json& name) {
  for (const edge_kind k : {edge_kind::data, edge_kind::file, edge_kind::api, edge_kind::logic}) {
    if (name == to_string(k)) return k;
  }
  return edge_kind::order;
}

using task_index = std::unordered_map<std::string_view, const task_call*>;

// Everything that is wrong with the edges one by one.
std::vector<std::string> findings(const std::vector<dependency_edge>& edges, const task_index& tasks) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const dependency_edge& e = edges[i];
    const std::string place = concat("dependencies[", i, "]: ");
    for (const auto& [member, id] : {std::pair("task", &e.to), std::pair("needs", &e.from)}) {
      if (!tasks.contains(*id)) out.push_back(concat(place, member, ": there is no task ", quote(*id)));
    }
    if (e.from == e.to) out.push_back(concat(place, "task ", quote(e.to), " cannot need itself"));
    if (!(e.confidence >= 0 && e.confidence <= 1))
      out.push_back(concat(place, "confidence: expected a number from 0 to 1, found ", dump_json(json(e.confidence))));
  }
  if (out.size() > max_findings) {
    const std::size_t more = out.size() - max_findings;
    out.resize(max_findings);
    out.push_back(concat("and ", more, " more"));
  }
  return out;
}

bool is_explicit(const dependency_edge& e, const task_call& to) {
  return std::find(to.depends_on.begin(), to.depends_on.end(), e.from) != to.depends_on.end();
}

}  // namespace

result<checked_answer> check_answer(const json& answer, std::span<const task_call> tasks, double least_confidence) {
  if (const auto shape = check_shape(answer); !shape) return shape.error();
  std::vector<dependency_edge> proposed;
  for (const json& d : answer["dependencies"]) {
    proposed.push_back({d["needs"].get<std::string>(), d["task"].get<std::string>(), kind_of(d["kind"]),
                        d["confidence"].get<double>(), d["evidence"].get<std::string>(), true});
  }
  task_index by_id;
  for (const task_call& t : tasks) by_id.emplace(t.id, &t);
  if (const auto wrong = findings(proposed, by_id); !wrong.empty())
    return fail(errc::schema_mismatch, join(wrong, "; "));

  checked_answer checked;
  std::map<std::pair<std::string, std::string>, std::size_t> seen;
  for (dependency_edge& e : proposed) {
    const task_call& to = *by_id.at(e.to);
    if (is_explicit(e, to)) continue;
    const std::string name = concat(quote(e.to), " needs ", quote(e.from));
    if (to.dependencies_given) {
      checked.dropped.push_back(concat(name, ": the dependencies of ", quote(e.to), " are given"));
      continue;
    }
    if (e.confidence < least_confidence) {
      checked.dropped.push_back(
          concat(name, ": confidence ", fixed(e.confidence, 2), " is below ", fixed(least_confidence, 2)));
      continue;
    }
    const auto [place, is_new] = seen.emplace(std::pair(e.from, e.to), checked.edges.size());
    if (is_new) {
      checked.edges.push_back(std::move(e));
    } else if (e.confidence > checked.edges[place->second].confidence) {
      checked.edges[place->second] = std::move(e);
    }
  }
  const auto graph = dependency_graph::build(tasks, checked.edges);
  if (!graph) return graph.error();
  return checked;
}

}  // namespace corchestra::detail
