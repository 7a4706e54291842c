module asioctx/bench

go 1.18
