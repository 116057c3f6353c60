#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/runtime/agent.hpp>

namespace corchestra {

/// Agents by name. A value: copies share the agents, and the table until one of them is changed.
class agent_registry {
 public:
  /// Replaces an agent of the same name.
  void add(std::string name, std::shared_ptr<agent> a);
  void add(std::string name, agent_function f) { add(std::move(name), make_agent(std::move(f))); }

  std::shared_ptr<agent> find(std::string_view name) const;  ///< null when unknown
  std::vector<std::string> names() const;

 private:
  using table = std::map<std::string, std::shared_ptr<agent>, std::less<>>;
  std::shared_ptr<table> agents_;  // null: empty
};

}  // namespace corchestra
