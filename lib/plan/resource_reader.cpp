#include "plan/resource_reader.hpp"

#include <algorithm>

namespace corchestra::plan_file {

namespace {

std::uint32_t read_amount(const field& f) { return static_cast<std::uint32_t>(f.integer(1, max_resource_amount)); }

lock_mode read_lock_mode(const field& f) {
  return f.choice<lock_mode>({{"exclusive", lock_mode::exclusive},
                              {"shared", lock_mode::shared},
                              {"intent_exclusive", lock_mode::intent_exclusive},
                              {"intent_shared", lock_mode::intent_shared}});
}

void read_mode_and_amount(const field& f, resource_request& r) {
  const auto mode = f.member("mode");
  const auto amount = f.member("amount");
  if (mode) r.mode = read_lock_mode(*mode);
  if (amount) r.amount = read_amount(*amount);
  if (mode && amount) amount->fail("a lock has a mode and a counter an amount: nothing has both");
}

resource_request read_item(const field& f) {
  resource_request r;
  if (f.is_text()) {
    r.id = f.non_empty("a resource name");
  } else if (f.is_object()) {
    f.object({"id", "mode", "amount"});
    if (const auto id = f.required("id")) r.id = id->non_empty("a resource name");
    read_mode_and_amount(f, r);
  } else {
    f.expected("a resource name, or an object with 'id' and 'mode' or 'amount'");
  }
  return r;
}

resource_request read_entry(const std::string& id, const field& f) {
  resource_request r;
  r.id = id;
  if (trim(id).empty()) f.fail("a resource has no name");
  if (f.is_object()) {
    if (f.object({"mode", "amount"})) read_mode_and_amount(f, r);
  } else if (f.is_text()) {
    r.mode = read_lock_mode(f);
  } else if (f.value().value.is_number_integer()) {
    r.amount = read_amount(f);
  } else {
    f.expected("a mode such as shared, or an amount");
  }
  return r;
}

}  // namespace

std::vector<resource_request> read_resources(const field& f) {
  std::vector<resource_request> out;
  if (f.is_object()) {
    for (const auto& [id, entry] : f.entries()) out.push_back(read_entry(id, entry));
    return out;
  }
  for (const field& item : f.list("a list of resources, or an object with a mode or an amount each")) {
    resource_request r = read_item(item);
    if (std::any_of(out.begin(), out.end(), [&](const resource_request& o) { return o.id == r.id; }))
      item.fail(concat("the resource ", quote(r.id), " is there twice"));
    out.push_back(std::move(r));
  }
  return out;
}

std::vector<resource_limit> read_resource_limits(const field& f) {
  std::vector<resource_limit> out;
  if (!f.is_object()) f.expected("an object of counters and rates by resource name");
  for (const auto& [id, entry] : f.entries()) {
    resource_limit l;
    l.id = id;
    if (trim(id).empty()) entry.fail("a resource has no name");
    if (entry.value().value.is_number_integer()) {
      l.capacity = read_amount(entry);
    } else if (!entry.is_object()) {
      entry.expected("a capacity such as 4, or a rate such as {rate: 60, per: 1m}");
    } else if (entry.member("capacity")) {
      if (entry.object({"capacity"})) l.capacity = read_amount(*entry.member("capacity"));
    } else if (entry.object({"rate", "per"})) {
      if (const auto rate = entry.required("rate")) l.capacity = read_amount(*rate);
      if (const auto per = entry.required("per")) l.period = per->time_span();
    }
    out.push_back(std::move(l));
  }
  return out;
}

}  // namespace corchestra::plan_file
