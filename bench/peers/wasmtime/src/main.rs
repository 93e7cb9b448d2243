//! Wasmtime's pooling allocator, for the bench: instantiate, look up, call, drop, and how long each use took.
//!
//!     warmslot-bench-wasmtime MODULE.wasm defaults|best THREADS MODULES
//!
//! MODULES: as how many modules the file is compiled; they are used in turn. A line on standard input,
//! `USES EVERY BEFORE ARGUMENT`, has each of THREADS threads make so many uses of the export `run` with ARGUMENT; before the
//! first, and again after EVERY uses, comes one with BEFORE that is not timed (EVERY 0: none). The answer is a line of the
//! durations of all threads in nanoseconds. So one process serves a whole run, by turns with the others.
use std::io::{BufRead, Write};
use std::sync::Barrier;
use std::time::Instant;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store, Val,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Uses of a new thread that are not timed: its heap and its caches are empty at first.
const WARM_UP_USES: usize = 20;

/// What a line asks for.
struct Order {
    uses: usize,
    every: usize,
    before: i32,
    argument: i32,
}

fn engine(best: bool) -> wasmtime::Result<Engine> {
    let mut pooling = PoolingAllocationConfig::new();
    pooling.max_memory_size(16 << 20).total_memories(100).total_core_instances(100);
    if best {
        pooling
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(16 << 20)
            .table_keep_resident(1 << 16)
            .decommit_batch_size(1);
    }
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling));
    Engine::new(&config)
}

fn use_once(engine: &Engine, pre: &InstancePre<()>, argument: i32) -> wasmtime::Result<()> {
    let mut store = Store::new(engine, ());
    let instance = pre.instantiate(&mut store)?;
    let run = instance.get_func(&mut store, "run").expect("the module exports `run`");
    let mut results = [Val::I32(0)];
    run.call(&mut store, &[Val::I32(argument)], &mut results)
}

fn timed_uses(engine: &Engine, modules: &[InstancePre<()>], order: &Order) -> wasmtime::Result<Vec<u128>> {
    let mut durations = Vec::with_capacity(order.uses);
    for (index, pre) in modules.iter().cycle().take(order.uses).enumerate() {
        if order.every > 0 && index % order.every == 0 {
            use_once(engine, pre, order.before)?;
        }
        let start = Instant::now();
        use_once(engine, pre, order.argument)?;
        durations.push(start.elapsed().as_nanos());
    }
    Ok(durations)
}

fn on_threads(
    threads: usize,
    engine: &Engine,
    modules: &[InstancePre<()>],
    order: &Order,
) -> wasmtime::Result<Vec<u128>> {
    if threads == 1 {
        return timed_uses(engine, modules, order);
    }
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let one = || {
            for _ in 0..WARM_UP_USES {
                use_once(engine, &modules[0], order.argument)?;
            }
            barrier.wait();
            timed_uses(engine, modules, order)
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let mut all = Vec::new();
        for thread in running {
            all.extend(thread.join().expect("a thread that does not panic")?);
        }
        Ok(all)
    })
}

fn main() -> wasmtime::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, kind, threads, count] = words.as_slice() else {
        panic!("usage: warmslot-bench-wasmtime MODULE.wasm defaults|best THREADS MODULES");
    };
    let engine = engine(kind == "best")?;
    let bytes = std::fs::read(file)?;
    let linker = Linker::new(&engine);
    let mut modules = Vec::new();
    for _ in 0..count.parse().expect("a number of modules") {
        modules.push(linker.instantiate_pre(&Module::from_binary(&engine, &bytes)?)?);
    }
    let threads = threads.parse().expect("a number of threads");
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let numbers: Vec<usize> =
            line.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let [uses, every, before, argument] = numbers[..] else {
            panic!("a line is USES EVERY BEFORE ARGUMENT");
        };
        let order = Order { uses, every, before: before as i32, argument: argument as i32 };
        let durations = on_threads(threads, &engine, &modules, &order)?;
        let words: Vec<String> = durations.iter().map(u128::to_string).collect();
        writeln!(output, "{}", words.join(" "))?;
        output.flush()?;
    }
    Ok(())
}
