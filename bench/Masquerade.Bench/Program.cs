using Masquerade.Bench;

return args switch
{
    ["attacks", var model, var reference, var threads, var batch, .. var names] =>
        AttackCost.Run(model, reference, int.Parse(threads), int.Parse(batch), names.Length == 0 ? ["minimal"] : names),
    _ => 2,
};
