#!/usr/bin/env python3
"""Plants breaches in a small tree and expects check.py to name each of them, and nothing else."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from check import Checker  # noqa: E402

TABLE = """
# floor 1
corchestra_layer(base PUBLIC nlohmann_json::nlohmann_json)
corchestra_layer(async DEPENDS base PUBLIC corchestra_boost)
corchestra_layer(core DEPENDS base)
corchestra_layer(net DEPENDS base async PRIVATE Boost::url)
"""


class CheckTest(unittest.TestCase):
    def breaches(self, files, table=TABLE):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            for name, text in {"lib/CMakeLists.txt": table, "include/corchestra/base/a.hpp": "#pragma once\n", **files}.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return Checker(root).run()

    def expect(self, name, text, *found):
        self.assertEqual(self.breaches({name: text}), [f"{name}:{f}" for f in found])

    def test_a_clean_tree_has_no_breach(self):
        self.assertEqual(self.breaches({
            "include/corchestra/net/url.hpp": "#pragma once\n#include <corchestra/async/sleep.hpp>\n",
            "lib/net/url.cpp": '#include <boost/beast/core/stream.hpp>\n#include "net/url.hpp"\n// detached: not here\n',
            "lib/async/sleep.cpp": "#include <boost/asio/steady_timer.hpp>\nasio::steady_timer t;\n",
            "lib/core/x.cpp": 'auto s = "system_clock::now";\n',
        }), [])

    def test_includes_run_downwards(self):
        self.expect("lib/core/x.cpp", "#include <corchestra/async/sleep.hpp>\n", "1: layer 'core' may not include layer 'async'")
        self.expect("lib/core/x.cpp", '\n#include "net/pool.hpp"\n', "2: layer 'core' may not include layer 'net'")

    def test_the_table_runs_downwards(self):
        self.assertEqual(self.breaches({}, "corchestra_layer(base DEPENDS core)\ncorchestra_layer(core DEPENDS base)\n"),
                         ["lib/CMakeLists.txt:1: layer 'base' depends on 'core', which is not below it"])

    def test_every_folder_is_a_layer(self):
        self.assertEqual(self.breaches({"include/corchestra/extra/a.hpp": "#pragma once\n"}),
                         ["include/corchestra/extra:1: folder 'extra' is not a layer of lib/CMakeLists.txt"])

    def test_a_files_own_names_are_not_called_in_another(self):
        own = "namespace {\nstd::string key_of(const std::string& a) { return a; }\nint k = key_of(x);\n}  // namespace\n"
        rule = "'key_of' is this file's own, and b.cpp calls one of that name: a unity build would mix them up"
        for call, found in (("auto k = key_of(x);\n", [f"lib/core/a.cpp:2: {rule}"]), ("auto k = r.key_of(x) + its_key_of(1);\n", []),
                            ('// key_of(x)\nauto k = "key_of(x)";\n', [])):
            self.assertEqual(self.breaches({"lib/core/a.cpp": own, "lib/core/b.cpp": call}), found)
        self.assertEqual(self.breaches({"lib/core/a.cpp": own, "lib/net/b.cpp": "auto k = key_of(x);\n"}), [])

    def test_pure_layers_have_no_io(self):
        self.expect("lib/core/x.cpp", "#include <boost/asio/post.hpp>\n", "1: pure layer 'core' may not include <boost/asio/post.hpp>")
        self.expect("lib/core/x.cpp", "#include <mutex>\n", "1: core may not include <mutex>: no files, threads or locks")
        self.expect("lib/core/x.cpp", "auto t =\n std::chrono::steady_clock::now();\n",
                    "2: core may not read a clock: time is an argument")

    def test_public_headers_are_light(self):
        self.expect("include/corchestra/net/a.hpp", "#pragma once\n#include <boost/beast/http/message.hpp>\n",
                    "2: <boost/beast/http/message.hpp> is too heavy for a public header")

    def test_wide_headers_are_nowhere(self):
        self.expect("tests/net/a_test.cpp", "#include <catch2/catch_all.hpp>\n",
                    "1: <catch2/catch_all.hpp> is too wide: include the narrow headers")

    def test_nothing_is_detached(self):
        self.expect("lib/net/a.cpp", "co_spawn(e, f(), asio::detached);\n",
                    "1: nothing is detached: every coroutine and thread has an owner that waits for it")

    def test_timers_stay_in_async(self):
        self.expect("lib/net/a.cpp", "stream.expires_after(t);\n", "1: time comes from time_service: no timers outside of async")

    def test_no_awaits_under_a_condition_of_co_return(self):
        rule = "co_await under &&, || or ?: in a co_return: name the operands first"
        self.expect("lib/net/a.cpp", "co_return (co_await a()) && b;\n", "1: " + rule)
        self.expect("lib/net/a.cpp", "co_return x ?\n co_await a() : co_await b();\n", "1: " + rule)
        self.expect("lib/net/a.cpp", "co_return a && b; co_await c();\n")

    def test_nothing_is_moved_beside_its_use(self):
        rule = "moved in one argument and used in another: which comes first is open"
        self.expect("lib/net/a.cpp", "asio::post(o.who->work,\n [o = std::move(o)] { f(o.x); });\n", "1: " + rule)
        self.expect("lib/net/a.cpp", "f(std::move(a), g(b, a->c));\n", "1: " + rule)
        self.expect("lib/net/a.cpp", "f(a.b, std::move(c)); a.f(std::move(a)); f(b.a.c, [](x a) { a.b; }, std::move(d));\n")

    def test_files_are_short(self):
        self.expect("lib/net/a.cpp", "\n" * 401, "400: 401 lines, and 400 are the limit: one concept a file")

    def test_names_of_tests_are_no_flags(self):
        self.expect("tests/net/a_test.cpp", 'TEST_CASE("--set keeps text", "[plan]") {}\n', "1: a test's name may not begin with '-'")

    def test_headers_are_guarded(self):
        self.expect("lib/net/a.hpp", "int f();\n", "1: a header starts with #pragma once")


if __name__ == "__main__":
    unittest.main()
