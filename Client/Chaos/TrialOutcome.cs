namespace OrleansDDM.Client.Chaos;

/// <summary>What one fault did to one run.</summary>
/// <param name="Fault">Its name.</param>
/// <param name="Noticed">Seconds until no victim was active in the cluster's eyes any more; null = they stayed active.</param>
/// <param name="Back">Seconds until every model trained again, or was done.</param>
/// <param name="LostSteps">Optimizer steps that were done again, all models together.</param>
/// <param name="Complaint">Which promise did not hold; null = all held.</param>
/// <param name="Note">What else was measured.</param>
internal sealed record TrialOutcome(string Fault, double? Noticed, double? Back, int LostSteps, string? Complaint, string? Note = null);
