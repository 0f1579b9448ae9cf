# Work of the usual kinds for an interpreter: calls, lists, text, dictionaries, expressions.
proc fib {n} {
    if {$n < 2} {return $n}
    expr {[fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]}
}
puts "fib [fib 21]"

proc sieve {n} {
    set flags [lrepeat [expr {$n + 1}] 1]
    set count 0
    for {set i 2} {$i <= $n} {incr i} {
        if {[lindex $flags $i]} {
            incr count
            for {set j [expr {$i * $i}]} {$j <= $n} {incr j $i} {lset flags $j 0}
        }
    }
    return $count
}
puts "sieve [sieve 20000]"

set seed 42
proc random {n} {
    global seed
    set seed [expr {($seed * 1103515245 + 12345) & 0x7fffffff}]
    expr {($seed >> 8) % $n}
}
set list {0}
for {set i 0} {$i < 5000} {incr i} {lappend list [random 100000]}
set list [lsort -integer $list]
puts "sorted [lindex $list 0] [lindex $list 2500] [lindex $list end]"

set text ""
for {set i 0} {$i < 4000} {incr i} {append text [format "%d:%s," $i [string repeat x [expr {$i % 7}]]]}
set sum 0
foreach part [split $text ,] {
    if {[regexp {^([0-9]+):(x*)$} $part -> number xs]} {incr sum [expr {$number * [string length $xs]}]}
}
puts "text [string length $text] $sum [string length [regsub -all {x+} $text -]]"

set counts [dict create]
for {set i 0} {$i < 20000} {incr i} {dict incr counts [random 500]}
set most 0
dict for {key count} $counts {if {$count > $most} {set most $count}}
puts "dictionary [dict size $counts] $most"
