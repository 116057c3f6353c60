#include "../../lib/pch/async.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "show.hpp"
