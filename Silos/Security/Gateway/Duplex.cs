using System.IO.Pipelines;

namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>Two pipes as one connection.</summary>
internal sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
