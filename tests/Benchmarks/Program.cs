using Orchestrator.Benchmarks;

LogReading.Run();
return 0;
