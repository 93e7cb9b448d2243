//! Wasmtime's pooling allocator, for the bench: instantiate, look up, call, drop, and how long each use took.
//!
//!     warmslot-bench-wasmtime MODULE.wasm defaults|best
//!
//! A line on standard input, `USES ARGUMENT...`, makes so many uses of the export `run` with these numbers; the answer is a
//! line of their durations in nanoseconds. So one process serves a whole run, by turns with the others.
use std::io::{BufRead, Write};
use std::time::Instant;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store, Val,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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

fn use_once(engine: &Engine, pre: &InstancePre<()>, arguments: &[Val]) -> wasmtime::Result<()> {
    let mut store = Store::new(engine, ());
    let instance = pre.instantiate(&mut store)?;
    let run = instance.get_func(&mut store, "run").expect("the module exports `run`");
    let mut results = [Val::I32(0)];
    run.call(&mut store, arguments, &mut results)
}

fn main() -> wasmtime::Result<()> {
    let mut words = std::env::args().skip(1);
    let file = words.next().expect("a module");
    let engine = engine(words.next().as_deref() == Some("best"))?;
    let module = Module::from_binary(&engine, &std::fs::read(file)?)?;
    let pre = Linker::new(&engine).instantiate_pre(&module)?;
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut numbers = line.split_whitespace().map(|word| word.parse::<i64>().expect("a number"));
        let uses = numbers.next().expect("how many uses");
        let arguments: Vec<Val> = numbers.map(|number| Val::I32(number as i32)).collect();
        let mut durations = Vec::with_capacity(uses as usize);
        for _ in 0..uses {
            let start = Instant::now();
            use_once(&engine, &pre, &arguments)?;
            durations.push(start.elapsed().as_nanos().to_string());
        }
        writeln!(output, "{}", durations.join(" "))?;
        output.flush()?;
    }
    Ok(())
}
