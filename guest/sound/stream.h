// Where frames of stream.xma begin, in bits; the tests of xenia-audio write both.
#pragma once
enum { LOOP_START = 14088, LOOP_END = 50128 };
