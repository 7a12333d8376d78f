namespace OrleansDDM.Learning.Diffusion;

/// <summary>Thrown by an expert that cannot answer now, e.g. as its host is down. An ensemble that tolerates failures goes on without it.</summary>
/// <param name="message">What failed.</param>
/// <param name="inner">Cause, if any.</param>
public sealed class ExpertUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
