namespace OrleansDDM.Contracts.Security;

/// <summary>
/// Says that a method, or all methods of an interface, serve silos only. It changes nothing, as an unmarked method does so too; it tells
/// a method that is meant so from one that somebody forgot to mark.
/// </summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Interface)]
public sealed class SilosOnlyAttribute : Attribute;
