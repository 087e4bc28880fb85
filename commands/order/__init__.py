"""What may be asked of an order, and when the answer is yes."""

from commands.order import credit, custody, money, progress, receivables
from commands.order.orders import orders

__all__ = ["credit", "custody", "money", "orders", "progress", "receivables"]
